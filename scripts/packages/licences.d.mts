/** Types of licences.mjs. */
export const LICENCES_FILE: string
export const ALLOWED: readonly string[]
export function licenceOf(about: {
  name: string
  license?: string
  licenses?: readonly { type: string }[]
}): string
export function isAllowed(expression: string): boolean
export interface LicensedPart {
  folder: string
  sources?: readonly string[]
  use?: string
}
export function licencesText(parts: readonly LicensedPart[]): string
