/** The questions of the views about a model: a text classifier, or a sequence model of any input. */
import { createTokenizer, type TextClassifier, type Trace } from 'latch'
import type { AnyModel, SequenceModel } from 'latch/formats'
import {
  gradientFlow,
  influence,
  intervene,
  type Edit,
  type Influence,
  type Intervention,
} from 'latch/inspection'

/** Longer inputs are cut: to what the views can show and what is quick to compute. */
export const MAX_TOKENS = 400
/** Characters of the input that are read. */
const MAX_CHARACTERS = 200_000
/** Numbers in an inspection: steps × units × layers, some dozen vectors each. */
const MAX_NUMBERS = 100_000

export function isSequenceModel(model: AnyModel): model is SequenceModel {
  return 'readsText' in model
}

/** The input as far as the views can show it, cut at a token. @throws Error for an empty text */
export function fitInput(model: AnyModel, text: string): { text: string; cut: number } {
  if (!isSequenceModel(model)) return fitText(model, text)
  if (text.trim() === '' && !(model.readsText && text !== '')) throw new Error(emptyInput(model))
  const { steps, tokens, ids, features } = model.read(text.slice(0, MAX_CHARACTERS * 10))
  const width = model.network.recurrent.reduce((sum, { units, loops }) => sum + units * loops.length, 0)
  const most = Math.min(MAX_TOKENS, Math.max(8, Math.floor(MAX_NUMBERS / Math.max(1, width))))
  if (steps <= most) return { text, cut: 0 }
  const cut = steps - most
  if (features) {
    const F = model.input.width
    const rows = Array.from({ length: most }, (_, t) => Array.from(features.subarray(t * F, (t + 1) * F)))
    return { text: JSON.stringify(rows), cut }
  }
  const separator = model.tokens === 'character' ? '' : ' '
  const short = model.readsText ? tokens.slice(0, most).join(separator) : ids!.slice(0, most).join(' ')
  return { text: short, cut }
}

function emptyInput({ readsText, input }: SequenceModel): string {
  if (readsText) return 'The text is empty. Enter some text.'
  return input.kind === 'ids'
    ? 'The input is empty. Enter token ids, for example 3 1 4.'
    : 'The input is empty. Enter one row of numbers for each step.'
}

function fitText({ settings }: TextClassifier, text: string): { text: string; cut: number } {
  const tokenizer = createTokenizer({ kind: settings.tokens, lowercase: settings.lowercase })
  const tokens = tokenizer.tokenize(text.slice(0, MAX_CHARACTERS))
  if (tokens.length === 0) throw new Error('The text is empty. Enter at least one word.')
  const width = settings.units * settings.layers * (settings.bidirectional ? 2 : 1)
  const most = Math.min(settings.maximumLength, MAX_TOKENS, Math.max(8, Math.floor(MAX_NUMBERS / width)))
  if (tokens.length <= most) return { text, cut: 0 }
  const separator = settings.tokens === 'words' ? ' ' : ''
  return { text: tokens.slice(0, most).join(separator), cut: tokens.length - most }
}

export function traceInput(model: AnyModel, text: string, target: string | null): Trace {
  return model.trace(text, target === null ? {} : { label: target }) as Trace
}

export function computeFlow(model: AnyModel, text: string, target: string | null) {
  if (!isSequenceModel(model)) return gradientFlow(model, text, target ?? undefined)
  return gradientFlow(model, model.read(text).batch, model.targets(text, target))
}

export function computeInfluence(model: AnyModel, text: string, target: string | null): Influence {
  if (!isSequenceModel(model)) return influence(model, text, target ?? undefined)
  const { batch, tokens } = model.read(text)
  const found = influence(model, batch, target ?? undefined)
  return { ...found, tokens: found.tokens.map((one, t) => ({ ...one, token: tokens[t] })) }
}

export function applyEdits(
  model: AnyModel,
  text: string,
  edits: Edit[],
  target: string | null,
): Intervention {
  if (!isSequenceModel(model)) return intervene(model, text, edits, target ?? undefined)
  const { batch, tokens, ids } = model.read(text)
  const done = intervene(
    model,
    ids && !model.readsText ? batch : ids ? text : batch,
    edits,
    model.targets(text, target),
  )
  addNames(model, done.before, tokens)
  addNames(
    model,
    done.after,
    done.steps.map((step) => (step === null ? '?' : tokens[step])),
  )
  return done
}

/** Adds the tokens where the library has none, and the class of the last step where every step has an output. */
function addNames(model: SequenceModel, side: Intervention['before'], tokens: readonly string[]): void {
  side.tokens ??= tokens
  const last = side.prefixProbabilities?.at(-1)
  if (side.probabilities || !last) return
  side.probabilities = last
  side.class = last.indexOf(last.reduce((a, b) => Math.max(a, b), -Infinity))
  side.label = model.labels[side.class]
}
