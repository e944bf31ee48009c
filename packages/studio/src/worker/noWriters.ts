/** Stands for the writers of other formats where a page has none: the report. */

/** @throws Error always */
export async function writeModel(): Promise<never> {
  throw new Error('This page writes no other formats.')
}
