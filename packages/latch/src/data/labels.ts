/** Labels of classes, as files, options and predictions spell them. */
import { toNfc } from '../core/nfc.ts'

/** A label in the form in which labels are compared: trimmed, in Unicode NFC. */
export function cleanLabel(label: string): string {
  return toNfc(label.trim())
}

/** Different labels in order: numbers by size where all are numbers, else by their characters. */
export function sortLabels(labels: Iterable<string>): string[] {
  const all = [...new Set(labels)]
  const areNumbers = all.every((label) => label !== '' && Number.isFinite(Number(label)))
  const bySize = (a: string, b: string) => (areNumbers ? Number(a) - Number(b) : 0)
  return all.sort((a, b) => bySize(a, b) || (a < b ? -1 : a > b ? 1 : 0))
}
