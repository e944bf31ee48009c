/** Labels of classes, as files, options and predictions spell them. */

/** A label in the form in which labels are compared: trimmed, in Unicode NFC. */
export function cleanLabel(label: string): string {
  return label.trim().normalize('NFC')
}
