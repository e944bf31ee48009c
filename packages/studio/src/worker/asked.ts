/** What the views ask of a model, whichever task it has: a text classifier, or a sequence model of any input. */
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

/** Longer sequences are cut: what the views can show, and what is quick to compute. */
export const MOST_TOKENS = 400
/** Letters that are read at all. */
const MOST_LETTERS = 200_000
/** Numbers a look may hold: steps × units × layers, some dozen vectors each. */
const MOST_NUMBERS = 100_000

/** A model under the views' eyes. */
export type Asked = AnyModel

export function isSequenceModel(model: AnyModel): model is SequenceModel {
  return 'answer' in model
}

/** What was typed as far as views can show it, cut at a token. @throws Error for an empty text */
export function fittingText(model: AnyModel, text: string): { text: string; cut: number } {
  if (!isSequenceModel(model)) return fittingWords(model, text)
  if (text.trim() === '' && !(model.readsText && text !== '')) throw new Error(emptyWords(model))
  const { steps, tokens, ids, features } = model.read(text.slice(0, MOST_LETTERS * 10))
  const width = model.network.recurrent.reduce((sum, { units, loops }) => sum + units * loops.length, 0)
  const most = Math.min(MOST_TOKENS, Math.max(8, Math.floor(MOST_NUMBERS / Math.max(1, width))))
  if (steps <= most) return { text, cut: 0 }
  const cut = steps - most
  if (features) {
    const F = model.input.width
    const rows = Array.from({ length: most }, (_, t) => Array.from(features.subarray(t * F, (t + 1) * F)))
    return { text: JSON.stringify(rows), cut }
  }
  const joint = model.tokens === 'character' ? '' : ' '
  const short = model.readsText ? tokens.slice(0, most).join(joint) : ids!.slice(0, most).join(' ')
  return { text: short, cut }
}

function emptyWords({ readsText, input }: SequenceModel): string {
  if (readsText) return 'The text is empty: write something.'
  return input.kind === 'ids'
    ? 'No ids yet: write token ids, 3 1 4.'
    : 'No steps yet: write a row of numbers a step.'
}

function fittingWords({ settings }: TextClassifier, text: string): { text: string; cut: number } {
  const tokenizer = createTokenizer({ kind: settings.tokens, lowercase: settings.lowercase })
  const tokens = tokenizer.tokenize(text.slice(0, MOST_LETTERS))
  if (tokens.length === 0) throw new Error('The text is empty: write a word or more.')
  const width = settings.units * settings.layers * (settings.bidirectional ? 2 : 1)
  const most = Math.min(settings.maximumLength, MOST_TOKENS, Math.max(8, Math.floor(MOST_NUMBERS / width)))
  if (tokens.length <= most) return { text, cut: 0 }
  const joint = settings.tokens === 'words' ? ' ' : ''
  return { text: tokens.slice(0, most).join(joint), cut: tokens.length - most }
}

export function traceOf(model: AnyModel, text: string, target: string | null): Trace {
  return model.trace(text, target === null ? {} : { label: target }) as Trace
}

export function flowOf(model: AnyModel, text: string, target: string | null) {
  if (!isSequenceModel(model)) return gradientFlow(model, text, target ?? undefined)
  return gradientFlow(model, model.read(text).batch, model.targets(text, target))
}

export function influenceOf(model: AnyModel, text: string, target: string | null): Influence {
  if (!isSequenceModel(model)) return influence(model, text, target ?? undefined)
  const { batch, tokens } = model.read(text)
  const found = influence(model, batch, target ?? undefined)
  return { ...found, tokens: found.tokens.map((one, t) => ({ ...one, token: tokens[t] })) }
}

export function interventionOf(
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
  named(model, done.before, tokens)
  named(
    model,
    done.after,
    done.steps.map((was) => (was === null ? '?' : tokens[was])),
  )
  return done
}

/** Tokens where the library has none; the last step's class where every step is answered. */
function named(model: SequenceModel, side: Intervention['before'], tokens: readonly string[]): void {
  side.tokens ??= tokens
  const last = side.prefixProbabilities?.at(-1)
  if (side.probabilities || !last) return
  side.probabilities = last
  side.class = last.indexOf(last.reduce((a, b) => Math.max(a, b), -Infinity))
  side.label = model.labels[side.class]
}
