/**
 * Import options that would change nothing are errors that say why: by the format of the file, and, once it is read,
 * by its contents.
 */
import { type Fix, UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { FormatName, ImportOptions, ImportedModel } from './imported.ts'

type OptionName = Exclude<keyof ImportOptions, 'allowNonFinite'>
/** Why an option has no effect. */
type Reasons = Readonly<Partial<Record<OptionName, string>>>

const TEXT_OPTIONS = [
  'vocabulary',
  'tokens',
  'unknownToken',
  'padding',
  'truncating',
  'maxLength',
  'paddingId',
] as const

const forAll = (names: readonly OptionName[], reason: string): Reasons =>
  Object.fromEntries(names.map((name) => [name, reason]))

const COMPLETE = 'a Latch model file contains its layers, labels and vocabulary'
const LAYERS = 'the file contains its layers'
const NO_PREFIX = 'only tensors of PyTorch are chosen by a prefix'

/** What no file of a format can use. The reader of Keras itself checks `config`, which some of its files need. */
const BY_FORMAT: { readonly [F in FormatName]: Reasons } = {
  latch: forAll(['config', 'upTo', 'prefix', ...TEXT_OPTIONS, 'labels', 'outputActivation'], COMPLETE),
  keras: { prefix: NO_PREFIX },
  torch: {},
  tfjs: { prefix: NO_PREFIX, config: LAYERS },
  onnx: { prefix: NO_PREFIX, config: LAYERS },
  tensorflow1: {
    prefix: NO_PREFIX,
    config: 'the layers of a charRNN are fixed',
    upTo: 'the layers of a charRNN are fixed',
  },
}

/** @throws UsageError for an option that no file of this format can use */
export function assertUsable(format: FormatName, options: ImportOptions, source: string): void {
  assertNone(BY_FORMAT[format], options, source)
}

/** @throws UsageError for an option that changed nothing in this model */
export function assertEffective(imported: ImportedModel, options: ImportOptions, source: string): void {
  const { document, input, vocabulary } = imported
  if (document !== null) {
    const own = 'Latch exported the file, which contains the whole model'
    assertNone(forAll([...TEXT_OPTIONS, 'labels', 'outputActivation'], own), options, source)
  }
  if (input.kind === 'features') {
    const rows = `the inputs are rows of ${input.width} numbers, not tokens`
    assertNone({ vocabulary: rows, tokens: rows }, options, source)
  }
  if (vocabulary === null) {
    const fix = { option: 'vocabulary', to: 'read texts' }
    assertNone({ tokens: 'the file has no vocabulary' }, options, source, fix)
  }
}

/** The error of an option without effect. */
export function withoutEffect(
  option: string,
  value: unknown,
  reason: string,
  source: string,
  fix?: Fix,
): UsageError {
  return new UsageError({
    where: `import option ${option}`,
    expected: `an option that changes something in ${source}`,
    got: `${describe(value)}: ${reason}`,
    remedy: fix ? undefined : 'Leave the option out.',
    fix,
  })
}

function assertNone(reasons: Reasons, options: ImportOptions, source: string, fix?: Fix): void {
  for (const [name, reason] of Object.entries(reasons)) {
    const value = options[name as OptionName]
    if (value !== undefined) throw withoutEffect(name, value, reason, source, fix)
  }
}
