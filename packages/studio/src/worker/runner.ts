/**
 * One model in a worker: trains it, opens and saves it, and answers every question of the views with the
 * library's own functions. The reproducible engine is used, so that a link shows the same digits anywhere.
 */
import { textClassifier, type CellName, type TextClassifier, type Trace } from 'latch'
import type { AnyModel } from 'latch/formats'
import { explain, gradientFlow, influence, intervene, memory, memorySpan } from 'latch/inspection'
import type { Edit, Explanation, GradientFlow, Influence, TracePlace } from 'latch/inspection'
import { fittingText } from './asked.ts'
import { factsOf } from './facts.ts'
import { openAny } from './opener.ts'
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

const ENGINE = { reproducible: true, threads: 1 } as const

class Runner {
  #model: AnyModel | null = null
  #name = 'model'
  #training: Training | null = null
  #trace: Trace | null = null

  get model(): AnyModel {
    if (this.#model) return this.#model
    throw new Error('There is no model yet: train one, or open a model file.')
  }

  async open(bytes: Uint8Array, name: string, files: ReadonlyMap<string, Uint8Array>): Promise<ModelFacts> {
    this.#model = await openAny(bytes, name, files, ENGINE)
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
    const model = textClassifier({
      cell,
      units,
      layers,
      bidirectional,
      ...options,
      ...ENGINE,
    }) as TextClassifier
    this.#model = model
    return this.#training.run(model)
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
    this.#trace = trace
    const shapes = model.network.parameters.map(({ name, shape }) => ({ name, shape }))
    return { trace, memory: memory(trace), shapes, cut: fitting.cut }
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

  /** Whether this text is one for this model. */
  readable(text: string): boolean {
    try {
      fittingText(this.model, text)
      return true
    } catch {
      return false
    }
  }

  #fitting(text: string): { text: string; cut: number } {
    return fittingText(this.model, text)
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
    open: (_: unknown, bytes: Uint8Array, name: string, files: ReadonlyMap<string, Uint8Array>) =>
      runner.open(bytes, name, files),
    readable: (_: unknown, text: string) => runner.readable(text),
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
