/** Labels of classes, as files, options and predictions spell them. */

/** A label as it is compared: without space around it, in Unicode's composed form (NFC). */
export function cleanLabel(label: string): string {
  return label.trim().normalize('NFC')
}
