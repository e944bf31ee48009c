/** The import options that errors about model files suggest, worded once for all formats. */
import { LatchError, type ErrorFacts, type Fix } from '../core/errors.ts'
import type { ExportFormat, ImportOptions } from './imported.ts'

/** @param layer the last layer to read; omitted if it may be any of the listed layers */
export function readUpTo(layer?: string): Fix {
  return { option: 'upTo', value: layer, to: 'read the layers up to and including it' }
}

/** @param prefix the prefix of the tensor names; omitted if it may be any */
export function readPrefix(prefix?: string): Fix {
  return { option: 'prefix', value: prefix, to: 'read only tensors with this name prefix' }
}

/** @param modules in the order in which the model runs them; omitted if the file does not determine it */
export function readInOrder(modules?: readonly string[]): Fix {
  return {
    option: 'config.order',
    value: modules,
    to: 'read these modules, in the order the model runs them',
  }
}

/** Another format, which supports what this one does not. */
export function exportAs(format: ExportFormat): Fix {
  return { option: 'to', value: format, to: 'use a format that supports it' }
}

/** Fixes that are tried at most: a file has as many prefixes as modules. */
const MOST_TRIED = 16

/**
 * The error without the fixes that do not work on this file. Only those with a value can be tried.
 * @param read reads the file again, with the options of a fix
 */
export async function withWorkingFixes(
  error: unknown,
  options: ImportOptions,
  read: (options: ImportOptions) => Promise<unknown>,
): Promise<unknown> {
  if (!(error instanceof LatchError) || !error.fixes.some(isTried)) return error
  const fix: Fix[] = []
  for (const one of error.fixes.slice(0, MOST_TRIED)) {
    if (!isTried(one) || (await succeeds(read(withFix(options, one))))) fix.push(one)
  }
  if (fix.length === error.fixes.length) return error
  return changeRemedies(error, { fix })
}

/** The same error with another remedy or other fixes. */
export function changeRemedies(error: LatchError, facts: Pick<ErrorFacts, 'remedy' | 'fix'>): LatchError {
  const { where, expected, got, remedy, fixes } = error
  const Kind = error.constructor as typeof LatchError
  return new Kind({ where, expected, got, remedy, fix: fixes, ...facts }, { cause: error })
}

/** @throws any other error, of the program */
function succeeds(reading: Promise<unknown>): Promise<boolean> {
  return reading.then(
    () => true,
    (reason: unknown) => {
      if (reason instanceof LatchError) return false
      throw reason
    },
  )
}

function isTried({ option, value }: Fix): boolean {
  return value !== undefined && ['upTo', 'prefix', 'config.order'].includes(option)
}

/** `config.order` is a field of the option `config`. */
function withFix(options: ImportOptions, { option, value }: Fix): ImportOptions {
  const [name, field] = option.split('.')
  return field === undefined
    ? { ...options, [name]: value }
    : { ...options, [name]: { ...(options.config as object), [field]: value } }
}
