/**
 * Remedies that work: an option that an error about a file offers with a value is tried on this very file, and left out
 * where the file does not open with it.
 */
import { LatchError, type ErrorFacts, type Fix } from '../core/errors.ts'
import { IMPORT_OPTIONS, type ImportOptions } from './imported.ts'

/** The error with the fixes that open the file; options without a value, and those of other calls, stay. */
export async function withTriedFixes(
  error: unknown,
  options: ImportOptions,
  open: (options: ImportOptions) => Promise<unknown>,
): Promise<unknown> {
  if (!(error instanceof LatchError)) return error
  const working: Fix[] = []
  for (const fix of error.fixes) if (await works(fix, options, open)) working.push(fix)
  return working.length === error.fixes.length ? error : changed(error, { fix: working })
}

/** The same error with other remedies. */
export function changed(error: LatchError, facts: Pick<ErrorFacts, 'remedy' | 'fix'>): LatchError {
  const { where, expected, got, remedy, fixes } = error
  const Kind = error.constructor as new (facts: ErrorFacts, options?: ErrorOptions) => LatchError
  return new Kind({ where, expected, got, remedy, fix: fixes, ...facts }, { cause: error })
}

async function works(
  { option, value }: Fix,
  options: ImportOptions,
  open: (options: ImportOptions) => Promise<unknown>,
): Promise<boolean> {
  const [name, field] = option.split('.')
  if (value === undefined || !Object.hasOwn(IMPORT_OPTIONS, name)) return true
  const within = field === undefined ? value : { ...(options.config as object), [field]: value }
  return open({ ...options, [name]: within }).then(
    () => true,
    (reason: unknown) => {
      if (reason instanceof LatchError) return false
      throw reason
    },
  )
}
