/** Labels of classes, as files, options and predictions spell them. */
import { toNfc } from '../core/nfc.ts'

/** A label in the form in which labels are compared: trimmed, in Unicode NFC. */
export function cleanLabel(label: string): string {
  return toNfc(label.trim())
}
