/** Renders the options that errors of the library offer as instructions for the page. */
import type { Fix } from 'latch'
import { IMPORT_OPTION_NAMES } from 'latch/formats'

/** A fix of the library as an instruction for the page: files to drop, an option in a file, or an export to choose. */
export function fixOnPage({ option, value, to = 'open it' }: Fix): string {
  const [name, ...path] = option.split('.')
  if (name === 'files') return `Drop all files together to ${to}.`
  if (name === 'to') return `Export to ${String(value)} to ${to}.`
  if (value === undefined && name === 'vocabulary')
    return `To ${to}, drop the model together with its vocabulary: a .json file of tokens by id or ids by token.`
  if (value === undefined && option === 'config') return `Drop both together to ${to}, as a .json file.`
  if (!IMPORT_OPTION_NAMES.includes(name)) return `In a program, the option ${option} can ${to}.`
  const nested = path.reduceRight<unknown>((inner, field) => ({ [field]: inner }), value ?? '…')
  return `To ${to}, drop it together with a file options.json: ${JSON.stringify({ [name]: nested })}`
}
