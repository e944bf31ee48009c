/** The sequence model as a task: only the weights are learned; network, inputs and outputs are given. */
import { FORMAT_NAMES, OUTPUT_ACTIVATIONS } from '../../formats/imported.ts'
import {
  fieldAt,
  fieldError,
  readBoolean,
  readChoice,
  readInteger,
  readList,
  readObject,
  readOptional,
  readString,
  type Field,
} from '../../core/validation.ts'
import { allLayers } from '../../model/allLayers.ts'
import { numberTargets } from '../numberTargets.ts'
import { traceSteps } from './traceSteps.ts'
import type { TaskDefinition } from '../task.ts'
import { SIDES, TEXT_RULES, type TextInput } from '../../text/textRules.ts'
import { defaultTextInput } from '../../formats/text/textInput.ts'
import type { SequenceFacts } from './facts.ts'
import { completeFacts, type SequenceLearned, type SequenceTypes } from './learned.ts'
import { nameOutputs } from './outputNames.ts'
import type { SequenceInput } from './reader.ts'
import { TOKEN_KINDS } from '../../text/tokenizer.ts'

const SECTIONS = [
  'outputActivation',
  'input',
  'labels',
  'vocabulary',
  'tokens',
  'textInput',
  'stateful',
  'warnings',
  'source',
] as const satisfies readonly (keyof SequenceFacts)[]

export const sequenceTask: TaskDefinition<SequenceTypes> = {
  name: 'sequenceModel',
  columns: { input: 'input', target: 'target', required: false },
  training: () => import('./training.ts'),

  layers: allLayers,
  traceSteps,
  numberTargets,

  reads: ({ reader, input }) => (reader.readsText ? ['text', 'ids'] : [input.kind]),
  encode: ({ reader }, input) => reader.read(input),
  isMany,
  // Texts are dropped or read by the stream itself.
  encodeStep: ({ reader }, step) => (typeof step === 'string' ? reader.idOfToken(step)! : step),

  nameOutputs,

  text({ reader, input, textInput }) {
    const { tokenizer } = reader
    if (!tokenizer) return null
    return {
      tokenizer,
      findId: (token) => reader.idOfText(token),
      emptyToken: null,
      maximumLength: textInput?.padding?.length ?? (reader.fixed === null ? null : input.steps),
    }
  },

  settings: factsOf,
  sections: SECTIONS,
  write: (learned) => ({ ...factsOf(learned) }),

  read(root, config) {
    const facts = readFacts(root)
    checkInput(fieldAt(root, 'input'), facts, config.layers[0])
    return completeFacts(facts, config)
  },
}

function factsOf(learned: SequenceLearned): SequenceFacts {
  const { outputActivation, input, labels, vocabulary, tokens, textInput, stateful, warnings, source } =
    learned
  return { outputActivation, input, labels, vocabulary, tokens, textInput, stateful, warnings, source }
}

/** One input is a text, a list of numbers, or (features) a list of rows; this is a list of such inputs. */
function isMany({ input }: SequenceLearned, given: SequenceInput | readonly SequenceInput[]): boolean {
  if (!Array.isArray(given)) return false
  const first: unknown = given[0]
  if (first === undefined || typeof first === 'string') return true
  if (typeof first !== 'object' || first === null) return false
  if (input.kind === 'ids') return true
  const inner: unknown = (first as ArrayLike<unknown>)[0]
  return typeof inner === 'object' && inner !== null
}

function readFacts(root: Field): SequenceFacts {
  const f = Object.fromEntries(SECTIONS.map((name) => [name, fieldAt(root, name)])) as Record<
    (typeof SECTIONS)[number],
    Field
  >
  const texts = (field: Field) => readList(field, (item) => readString(item))
  const input = readObject(f.input, ['kind', 'width', 'steps'])
  const source = readObject(f.source, ['format', 'producer'])
  const size = (field: Field) => readInteger(field, { min: 1, max: 2 ** 26 })
  const own = {
    input: {
      kind: readChoice(input.kind, ['ids', 'features']),
      width: size(input.width),
      steps: readOptional(input.steps, size, null),
    },
    vocabulary: readOptional(f.vocabulary, texts, null),
    tokens: readOptional(f.tokens, (x) => readChoice(x, TOKEN_KINDS), null),
  }
  return {
    ...own,
    outputActivation: readChoice(f.outputActivation, OUTPUT_ACTIVATIONS),
    labels: readOptional(f.labels, texts, null),
    // Files of earlier versions have no textInput.
    textInput:
      readOptional(f.textInput, (x) => readTextInput(x, own.input.width), null) ?? defaultTextInput(own),
    stateful: readBoolean(f.stateful),
    warnings: texts(f.warnings),
    source: {
      format: readChoice(source.format, FORMAT_NAMES),
      producer: readOptional(source.producer, (x) => readString(x), null),
    },
  }
}

function readTextInput(field: Field, width: number): TextInput {
  const f = readObject(field, ['rules', 'lowercase', 'filters', 'split', 'unknown', 'padding'])
  const id = (x: Field) => readInteger(x, { min: 0, max: width - 1 })
  const padding = readOptional(f.padding, (x) => readObject(x, ['side', 'truncating', 'length', 'id']), null)
  return {
    rules: readChoice(f.rules, TEXT_RULES),
    lowercase: readBoolean(f.lowercase),
    filters: readString(f.filters),
    split: readString(f.split, { minLength: 1 }),
    unknown: typeof f.unknown.value === 'number' ? id(f.unknown) : readChoice(f.unknown, ['drop', 'error']),
    padding: padding && {
      side: readChoice(padding.side, SIDES),
      truncating: readChoice(padding.truncating, SIDES),
      length: readInteger(padding.length, { min: 1, max: 2 ** 26 }),
      id: id(padding.id),
    },
  }
}

/** The first layer must match `input`. */
function checkInput(field: Field, { input, vocabulary }: SequenceFacts, first: object): void {
  const layer = first as { type: string; vocabulary?: number; width?: number }
  const kind = layer.type === 'features' ? 'features' : 'ids'
  const width = layer.vocabulary ?? layer.width
  if (kind !== input.kind || width !== input.width) {
    const expected = `${kind} of ${width}, as in the first layer`
    throw fieldError(field, expected, `${input.kind} of ${input.width}`)
  }
  if (vocabulary && (kind !== 'ids' || vocabulary.length > input.width)) {
    const got = `${input.width} ids for ${vocabulary.length} tokens`
    throw fieldError(field, 'at least one id per token of the vocabulary', got)
  }
}
