/** The order of labels, and so of the indices of their classes. */

/** Different labels in order: numbers by size where all are numbers, else by their characters. */
export function sortLabels(labels: Iterable<string>): string[] {
  const all = [...new Set(labels)]
  const areNumbers = all.every((label) => label !== '' && Number.isFinite(Number(label)))
  const bySize = (a: string, b: string) => (areNumbers ? Number(a) - Number(b) : 0)
  return all.sort((a, b) => bySize(a, b) || (a < b ? -1 : a > b ? 1 : 0))
}
