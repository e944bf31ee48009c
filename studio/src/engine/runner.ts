/**
 * One model in a worker: trains it, opens and saves it, and answers every question of the views with the
 * library's own functions. The reproducible engine is used, so that a link shows the same digits anywhere.
 */
import { createTokenizer, textClassifier, TextClassifier, type CellName, type Trace } from 'latch'
import { explain, gradientFlow, influence, intervene, memory, memorySpan } from 'latch/inspection'
import type { Edit, Explanation, GradientFlow, Influence, TracePlace } from 'latch/inspection'
import { factsOf } from './facts.ts'
import type {
  InterveneRequest,
  Look,
  ModelFacts,
  RunEvent,
  RunResult,
  Span,
  TrainRequest,
} from './protocol.ts'
import type { Served } from './remote.ts'
import { Training } from './training.ts'

/** Longer texts are cut: what the views can show, and what is quick to compute. */
export const MOST_TOKENS = 400
/** Letters that are read at all. */
const MOST_LETTERS = 200_000
/** Numbers a look may hold: steps × units × levels, some dozen vectors each. */
const MOST_NUMBERS = 100_000

const ENGINE = { reproducible: true, threads: 1 } as const

class Runner {
  #model: TextClassifier | null = null
  #name = 'model'
  #training: Training | null = null
  #trace: Trace | null = null

  get model(): TextClassifier {
    if (this.#model) return this.#model
    throw new Error('There is no model yet: train one, or open a model file.')
  }

  open(bytes: Uint8Array, name: string): ModelFacts {
    this.#model = TextClassifier.fromBytes(bytes, name, ENGINE)
    this.#name = name
    this.#trace = null
    return factsOf(this.model, name)
  }

  async train(request: TrainRequest, tell: (event: RunEvent) => void): Promise<RunResult> {
    const { cell, units, layers, bidirectional } = request.network
    this.#trace = null
    this.#name = `${cell}-${units}`
    this.#training = new Training(request, tell, this.#name)
    const options = this.#training.modelOptions
    this.#model = textClassifier({
      cell,
      units,
      layers,
      bidirectional,
      ...options,
      ...ENGINE,
    }) as TextClassifier
    return this.#training.run(this.#model)
  }

  control(action: 'pause' | 'resume' | 'step' | 'stop'): void {
    this.#training?.control(action)
  }

  save(): Uint8Array {
    return this.model.toBytes()
  }

  predict(text: string) {
    return this.model.predict(this.#fitting(text).text)
  }

  look(text: string, target: string | null): Look {
    const { model } = this
    const fitting = this.#fitting(text)
    const trace = model.trace(fitting.text, target === null ? {} : { label: target })
    this.#trace = trace as Trace
    const shapes = model.network.parameters.map(({ name, shape }) => ({ name, shape }))
    return { trace: trace as Trace, memory: memory(trace as Trace), shapes, cut: fitting.cut }
  }

  flow(text: string, target: string | null): GradientFlow {
    return gradientFlow(this.model, this.#fitting(text).text, target ?? undefined)
  }

  influence(text: string, target: string | null): Influence {
    return influence(this.model, this.#fitting(text).text, target ?? undefined)
  }

  /** Of the last look. */
  explain(place: TracePlace): Explanation {
    if (!this.#trace) throw new Error('Nothing is looked at yet.')
    return explain(this.#trace, place)
  }

  intervene({ text, edits, target }: InterveneRequest) {
    return intervene(this.model, this.#fitting(text).text, edits as Edit[], target ?? undefined)
  }

  /** How far back this model of the facts task remembers. */
  async span(): Promise<Span> {
    const { distances } = await memorySpan(this.model, { people: 1 })
    return { distances }
  }

  /** The text as far as views can show it, cut at a token. */
  #fitting(text: string): { text: string; cut: number } {
    const { settings } = this.model
    const tokenizer = createTokenizer({ kind: settings.tokens, lowercase: settings.lowercase })
    const tokens = tokenizer.tokenize(text.slice(0, MOST_LETTERS))
    if (tokens.length === 0) throw new Error('The text is empty: write a word or more.')
    const width = settings.units * settings.layers * (settings.bidirectional ? 2 : 1)
    const most = Math.min(settings.maximumLength, MOST_TOKENS, Math.max(8, Math.floor(MOST_NUMBERS / width)))
    if (tokens.length <= most) return { text, cut: 0 }
    const joint = settings.tokens === 'words' ? ' ' : ''
    return { text: tokens.slice(0, most).join(joint), cut: tokens.length - most }
  }

  facts(): ModelFacts {
    return factsOf(this.model, this.#name)
  }
}

export type { CellName }

/** What the worker serves. */
export function runnerMethods(): Served {
  const runner = new Runner()
  return {
    open: (_: unknown, bytes: Uint8Array, name: string) => runner.open(bytes, name),
    train: (tell: (event: RunEvent) => void, request: TrainRequest) => runner.train(request, tell),
    control: (_: unknown, action: 'pause') => runner.control(action),
    save: () => runner.save(),
    facts: () => runner.facts(),
    predict: (_: unknown, text: string) => runner.predict(text),
    look: (_: unknown, text: string, target: string | null) => runner.look(text, target),
    flow: (_: unknown, text: string, target: string | null) => runner.flow(text, target),
    influence: (_: unknown, text: string, target: string | null) => runner.influence(text, target),
    explain: (_: unknown, place: TracePlace) => runner.explain(place),
    span: () => runner.span(),
    intervene: (_: unknown, request: InterveneRequest) => runner.intervene(request),
  } as unknown as Served
}
