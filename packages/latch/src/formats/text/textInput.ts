/**
 * How the texts of an imported model become ids: from the options, else the vocabulary, else the file, else by Keras'
 * defaults. Each choice that nothing names is a note, with the option that says otherwise.
 */
import { DataError, UsageError, type Fix } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { SIDES, type Side, type TextInput, type TextPadding } from '../../text/textRules.ts'
import { guessTokenKind } from '../../text/tokenKind.ts'
import type { ImportedModel, ImportOptions } from '../imported.ts'
import { findUnknownToken, isLowercase, PADDING, type NamedTokens } from './kerasTokenizer.ts'
import { readVocabulary } from './tokensById.ts'
import { unnamed } from './tokensOfIds.ts'

/** The options about texts. */
export type TextOptions = Pick<
  ImportOptions,
  'vocabulary' | 'tokens' | 'unknownToken' | 'padding' | 'truncating' | 'maxLength' | 'paddingId'
>

const PADDING_OPTIONS = ['padding', 'truncating', 'maxLength', 'paddingId'] as const

type Texts = Pick<ImportedModel, 'input' | 'vocabulary' | 'tokens' | 'textInput'>

/** The rules for texts without a statement of the file. */
export function defaultTextInput(texts: Texts): TextInput | null {
  return resolveTexts(texts, {}, 'model').textInput
}

/** The model with all about its texts resolved. @throws UsageError naming the option that does not fit */
export function withTextInput(model: ImportedModel, options: TextOptions): ImportedModel {
  if (model.document !== null && model.format === 'latch') return model
  const { vocabulary, tokens, textInput, warnings, fixes } = resolveTexts(model, options, model.format)
  return {
    ...model,
    vocabulary,
    tokens,
    textInput,
    warnings: [...model.warnings, ...warnings],
    fixes: [...(model.fixes ?? []), ...fixes],
  }
}

interface Resolved {
  vocabulary: readonly string[] | null
  tokens: ImportedModel['tokens']
  textInput: TextInput | null
  warnings: string[]
  fixes: Fix[]
}

function resolveTexts(model: Texts, options: TextOptions, source: string): Resolved {
  const { input, textInput } = model
  const none: NamedTokens = { vocabulary: model.vocabulary ?? [], warnings: [] }
  const named =
    options.vocabulary === undefined ? none : readVocabulary(options.vocabulary, options.tokens, source)
  const given = [...PADDING_OPTIONS, 'unknownToken' as const].find((name) => options[name] !== undefined)
  if (!model.vocabulary || input.kind !== 'ids') {
    if (given !== undefined) throw withoutTexts(given, input.kind)
    return { vocabulary: model.vocabulary, tokens: model.tokens, textInput: null, warnings: [], fixes: [] }
  }
  const warnings = [...named.warnings]
  const fixes: Fix[] = []
  const stated = { ...textInput, ...named.text }
  const vocabulary = cutVocabulary(model.vocabulary, input.width, options, warnings)
  const tokens = model.tokens ?? guessTokenKind(vocabulary)
  const unknown = findUnknown(vocabulary, options.unknownToken, stated.unknown)
  if (unknown === 'drop' && options.unknownToken === undefined)
    fixes.push({ option: 'unknownToken', to: 'read tokens outside the vocabulary as that token' })
  if (typeof unknown === 'number' && unknown >= input.width)
    throw new DataError({ where: 'unknown token', expected: `an id below ${input.width}`, got: `${unknown}` })
  const { rules = 'latch', lowercase = isLowercase(vocabulary), filters = '', split = ' ' } = stated
  const padding = findPadding(vocabulary, input, options, stated.padding)
  if (padding) {
    const isAssumed = !stated.padding && (options.padding ?? options.truncating) === undefined
    warnings.push(paddingNote(padding, vocabulary, isAssumed))
    const isSaid = stated.padding !== undefined && stated.padding !== null
    const other = (side: Side): Side => (side === 'pre' ? 'post' : 'pre')
    if (!isSaid && options.padding === undefined)
      fixes.push({ option: 'padding', value: other(padding.side), to: `pad ${WHERE[other(padding.side)]}` })
    if (!isSaid && options.truncating === undefined)
      fixes.push({
        option: 'truncating',
        value: other(padding.truncating),
        to: `cut longer texts at the ${padding.truncating === 'pre' ? 'end' : 'start'}`,
      })
  }
  return {
    vocabulary,
    tokens,
    textInput: { rules, lowercase, filters, split, unknown, padding },
    warnings,
    fixes,
  }
}

const WHERE: { [S in Side]: string } = { pre: 'at the start', post: 'at the end' }

function withoutTexts(option: string, kind: 'ids' | 'features'): UsageError {
  const features = kind === 'features'
  return new UsageError({
    where: option,
    expected: features
      ? 'a model that reads token ids'
      : 'a model with a vocabulary, as the option is about texts',
    got: features ? 'one that reads features' : 'none',
    fix: features ? [] : { option: 'vocabulary', to: 'import the model with its tokens' },
  })
}

/** Ids by token may go beyond the rows of the embedding: Keras keeps all words and leaves out those from num_words on. */
function cutVocabulary(
  vocabulary: readonly string[],
  width: number,
  options: TextOptions,
  warnings: string[],
): readonly string[] {
  const given = options.vocabulary
  if (vocabulary.length <= width || given === undefined || Array.isArray(given)) return vocabulary
  const lost = vocabulary.slice(width).filter((token) => token !== '').length
  warnings.push(
    `vocabulary: ${lost} tokens with ids from ${width} on are unknown, as the embedding has ${width} rows`,
  )
  return vocabulary.slice(0, width)
}

function findUnknown(
  vocabulary: readonly string[],
  option: string | undefined,
  stated: TextInput['unknown'] | undefined,
): TextInput['unknown'] {
  if (option === 'drop') return option
  if (option === undefined) return stated ?? findUnknownToken(vocabulary) ?? 'error'
  const id = vocabulary.indexOf(option)
  if (id >= 0 && option !== '') return id
  throw new UsageError({
    where: 'unknownToken',
    expected: 'a token of the vocabulary, or drop',
    got: describe(option),
  })
}

function findPadding(
  vocabulary: readonly string[],
  { steps, width }: ImportedModel['input'],
  options: TextOptions,
  stated: TextPadding | null | undefined,
): TextPadding | null {
  const asked = PADDING_OPTIONS.find((name) => options[name] !== undefined)
  const length = options.maxLength ?? stated?.length ?? steps
  const isPadding = (token: string, id: number) =>
    id === 0 ? PADDING.test(token) || token === unnamed(0) : token !== '' && PADDING.test(token)
  const named = vocabulary.findIndex(isPadding)
  const found = stated?.id ?? (named < 0 ? null : named)
  if (length === null) {
    if (asked === undefined) return null
    const fix = { option: 'maxLength', to: 'set the length of texts' }
    throw new UsageError({
      where: asked,
      expected: 'a length to pad to, as the file fixes no steps',
      got: 'none',
      fix,
    })
  }
  if (asked === undefined && found === null) return null
  for (const name of ['padding', 'truncating'] as const) {
    const side = options[name]
    if (side !== undefined && !SIDES.includes(side))
      throw new UsageError({ where: name, expected: SIDES.join(' or '), got: describe(side) })
  }
  const { padding = stated?.side ?? 'pre', truncating = stated?.truncating ?? 'pre' } = options
  const id = options.paddingId ?? found ?? 0
  if (!Number.isInteger(id) || id < 0 || id >= width)
    throw new UsageError({ where: 'paddingId', expected: `an id from 0 to ${width - 1}`, got: describe(id) })
  if (!Number.isInteger(length) || length < 1 || (steps !== null && length !== steps)) {
    const expected = steps === null ? 'a whole number from 1' : `${steps}, the steps of the file`
    throw new UsageError({ where: 'maxLength', expected, got: describe(length) })
  }
  return { side: padding, truncating, length, id }
}

function paddingNote(
  { side, truncating, length, id }: TextPadding,
  vocabulary: readonly string[],
  isAssumed: boolean,
): string {
  const name = vocabulary[id] && vocabulary[id] !== unnamed(id) ? ` (${vocabulary[id]})` : ''
  const kept = truncating === 'pre' ? 'last' : 'first'
  return (
    `texts have a fixed length of ${length} tokens${isAssumed ? ', as by default in pad_sequences of Keras' : ''}: shorter ones are padded ${WHERE[side]} with id ${id}${name}, ` +
    `longer ones keep their ${kept} ${length}`
  )
}
