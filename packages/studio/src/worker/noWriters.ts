/** Replaces the writers of other formats in the report, which exports nothing. */

/** @throws Error always */
export async function writeModel(): Promise<never> {
  throw new Error('A report writes no other formats.')
}
