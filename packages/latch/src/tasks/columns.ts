/** Which columns of an example hold its input and its target. */

/** The names of the two columns; in a task's definition, the options of `fit` that set them. */
export interface ColumnOptions {
  input: string
  target: string
}
