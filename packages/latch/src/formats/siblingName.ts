/** Names by which a model file calls the files beside it: what may be asked for, before anybody asks a disk. */

/** Whether a name leads anywhere but below the model's own folder: absolute, with a drive, with `..` or a NUL in it. */
export function leadsAway(name: string): boolean {
  return name === '' || /^[/\\]|^[a-z]+:|\\|\0/i.test(name) || name.split('/').includes('..')
}
