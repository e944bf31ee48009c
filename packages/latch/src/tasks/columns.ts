/** Which columns of an example hold its input and its target. */

/** The names of the two columns; in a task's definition, the options of `fit` that set them. */
export interface ColumnOptions {
  input: string
  target: string
}

/** The columns that were given: of several columns of text, `texts` in place of `input`. */
export interface GivenColumns {
  input?: string
  /** Joined in this order with a space. */
  texts?: readonly string[]
  target?: string
}
