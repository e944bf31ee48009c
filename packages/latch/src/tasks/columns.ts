/** Which columns of an example hold its input and its target. */

/** Names of columns; in a task's definition, names of the options that name them. */
export interface ColumnOptions {
  input: string
  target: string
}
