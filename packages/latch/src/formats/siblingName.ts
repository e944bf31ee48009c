/** Checks the names of companion files in a model file before they are read. */

/** Whether a name leads outside the model's folder: absolute, with a drive, with `..` or a NUL in it. */
export function leadsAway(name: string): boolean {
  return name === '' || /^[/\\]|^[a-z]+:|\\|\0/i.test(name) || name.split('/').includes('..')
}
