/**
 * One model in a worker: trains it, opens and saves it, and computes what the views ask for with the library's own
 * functions. The reproducible engine is used, so that a link shows the same digits anywhere.
 */
import { textClassifier, type TextClassifier, type Trace, type WrittenSequence } from 'latch'
import type { AnyModel } from 'latch/formats'
import { explain, gradientFlow, influence, intervene, memory, memorySpan } from 'latch/inspection'
import type { Explanation, GradientFlow, Influence, TracePlace } from 'latch/inspection'
import { modelInfo } from './modelInfo.ts'
import { openModel } from './opener.ts'
import { fitInput } from './queries.ts'
import type {
  Inspection,
  InterveneRequest,
  ModelInfo,
  RunEvent,
  RunResult,
  Span,
  TrainRequest,
  Drawing,
  WritingEvent,
  WritingRequest,
  WritingStart,
  Written,
} from './protocol.ts'
import type { WorkerMethods } from '../rpc/remote.ts'
import { Training } from './training.ts'
import { TextWriter } from './writing.ts'

const ENGINE = { reproducible: true, threads: 1 } as const

class Runner {
  #model: AnyModel | null = null
  #training: Training | null = null
  #trace: Trace | null = null
  #writer: TextWriter | null = null
  /** Whether the model predicts its next token. */
  #writes = false

  get model(): AnyModel {
    if (this.#model) return this.#model
    throw new Error('There is no model yet. Train one or open a model file.')
  }

  async open(bytes: Uint8Array, name: string, files: ReadonlyMap<string, Uint8Array>): Promise<ModelInfo> {
    const model = await openModel(bytes, name, files, ENGINE)
    const info = modelInfo(model, name)
    this.#model = model
    this.#trace = null
    this.#writer = null
    this.#writes = info.prime !== null || info.targets
    return info
  }

  async train(request: TrainRequest, emit: (event: RunEvent) => void): Promise<RunResult> {
    const { cell, units, layers, bidirectional } = request.network
    this.#trace = this.#writer = null
    this.#writes = false
    this.#training = new Training(request, emit, `${cell}-${units}`)
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
    return this.model.predict(this.#fit(text).text)
  }

  inspect(text: string, target: string | null): Inspection {
    const { model } = this
    const input = this.#fit(text)
    const trace = model.trace(input.text, target === null ? {} : { label: target })
    this.#trace = trace
    const shapes = model.network.parameters.map(({ name, shape }) => ({ name, shape }))
    const layers = model.network.config.layers.map(({ type }) => type)
    return { trace, memory: memory(trace), shapes, layers, cut: input.cut }
  }

  /** What a model of sources and targets writes for a source. */
  writeTarget(text: string): Written {
    const fitted = this.#fit(text)
    const found = this.model.predict(fitted.text) as unknown as WrittenSequence
    const { tokens, sourceTokens, attention, logProbability, ended } = found
    return {
      text: found.text,
      tokens,
      sourceTokens,
      attention,
      ended,
      probability: Math.exp(logProbability),
      cut: fitted.cut,
    }
  }

  flow(text: string, target: string | null): GradientFlow {
    return gradientFlow(this.model, this.#fit(text).text, target ?? undefined)
  }

  influence(text: string, target: string | null): Influence {
    return influence(this.model, this.#fit(text).text, target ?? undefined)
  }

  /** Explains a number of the last inspection. */
  explain(place: TracePlace): Explanation {
    if (!this.#trace) throw new Error('There is no trace yet. Enter an input first.')
    return explain(this.#trace, place)
  }

  intervene({ text, edits, target }: InterveneRequest) {
    return intervene(this.model, this.#fit(text).text, edits, target ?? undefined)
  }

  /** How far back a model of the facts task remembers. */
  async span(): Promise<Span> {
    const { distances } = await memorySpan(this.model, { people: 1 })
    return { distances }
  }

  /** Whether the model can read this input. */
  readable(text: string): boolean {
    try {
      const { known } = this.model.encode(this.#fit(text).text)
      // A model that writes reads the words of other texts as unknown tokens, without an error.
      return !this.#writes || known.filter((is) => !is).length * 2 <= known.length
    } catch {
      return false
    }
  }

  /** Begins a text; an unfinished one is forgotten. */
  beginText(request: WritingRequest): WritingStart {
    this.#writer?.stop()
    this.#writer = new TextWriter(this.model, request)
    return this.#writer.start
  }

  get writer(): TextWriter {
    if (this.#writer) return this.#writer
    throw new Error('There is no text yet. Begin one first.')
  }

  #fit(text: string): { text: string; cut: number } {
    return fitInput(this.model, text)
  }
}

/** The methods that the worker serves. */
export function runnerMethods(): WorkerMethods {
  const runner = new Runner()
  return {
    open: (_: unknown, bytes: Uint8Array, name: string, files: ReadonlyMap<string, Uint8Array>) =>
      runner.open(bytes, name, files),
    readable: (_: unknown, text: string) => runner.readable(text),
    train: (emit: (event: RunEvent) => void, request: TrainRequest) => runner.train(request, emit),
    control: (_: unknown, action: 'pause') => runner.control(action),
    save: () => runner.save(),
    predict: (_: unknown, text: string) => runner.predict(text),
    inspect: (_: unknown, text: string, target: string | null) => runner.inspect(text, target),
    writeTarget: (_: unknown, text: string) => runner.writeTarget(text),
    flow: (_: unknown, text: string, target: string | null) => runner.flow(text, target),
    influence: (_: unknown, text: string, target: string | null) => runner.influence(text, target),
    explain: (_: unknown, place: TracePlace) => runner.explain(place),
    span: () => runner.span(),
    intervene: (_: unknown, request: InterveneRequest) => runner.intervene(request),
    beginText: (_: unknown, request: WritingRequest) => runner.beginText(request),
    write: (emit: (event: WritingEvent) => void, count: number, perSecond: number | null) =>
      runner.writer.write(count, perSecond, emit),
    stopWriting: () => runner.writer.stop(),
    draw: (_: unknown, drawing: Drawing) => runner.writer.draw(drawing),
    place: (_: unknown, at: number) => runner.writer.place(at),
    choose: (_: unknown, at: number, id: number) => runner.writer.choose(at, id),
    writtenInput: (_: unknown, at: number) => runner.writer.input(at),
  } as unknown as WorkerMethods
}
