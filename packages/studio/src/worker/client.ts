/** Typed calls from the page to its workers: one runner for each network, one worker for the lessons' experiments. */
import type { Explanation, GradientFlow, Influence, Intervention, TracePlace } from 'latch/inspection'
import type { Prediction } from 'latch'
import type {
  Inspection,
  InterveneRequest,
  ModelInfo,
  RunEvent,
  RunResult,
  Span,
  TrainRequest,
  Drawing,
  WritingChoice,
  WritingEvent,
  WritingPlace,
  WritingRequest,
  WritingStart,
  Written,
  WrittenInput,
} from './protocol.ts'
import { Remote } from '../rpc/remote.ts'
import { spawnExperiments, spawnRunner } from './spawn.ts'

export class RunnerClient {
  readonly #remote = new Remote(spawnRunner())

  open(bytes: Uint8Array, name: string, files: ReadonlyMap<string, Uint8Array>): Promise<ModelInfo> {
    return this.#remote.call('open', [bytes, name, files])
  }

  readable(text: string): Promise<boolean> {
    return this.#remote.call('readable', [text])
  }

  train(request: TrainRequest, onEvent: (event: RunEvent) => void): Promise<RunResult> {
    return this.#remote.call('train', [request], onEvent)
  }

  control(action: 'pause' | 'resume' | 'step' | 'stop'): Promise<void> {
    return this.#remote.call('control', [action])
  }

  save(): Promise<Uint8Array> {
    return this.#remote.call('save')
  }

  predict(text: string): Promise<Prediction> {
    return this.#remote.call('predict', [text])
  }

  inspect(text: string, target: string | null): Promise<Inspection> {
    return this.#remote.call('inspect', [text, target])
  }

  writeTarget(text: string): Promise<Written> {
    return this.#remote.call('writeTarget', [text])
  }

  flow(text: string, target: string | null): Promise<GradientFlow> {
    return this.#remote.call('flow', [text, target])
  }

  influence(text: string, target: string | null): Promise<Influence> {
    return this.#remote.call('influence', [text, target])
  }

  explain(place: TracePlace): Promise<Explanation> {
    return this.#remote.call('explain', [place])
  }

  intervene(request: InterveneRequest): Promise<Intervention> {
    return this.#remote.call('intervene', [request])
  }

  span(): Promise<Span> {
    return this.#remote.call('span')
  }

  beginText(request: WritingRequest): Promise<WritingStart> {
    return this.#remote.call('beginText', [request])
  }

  /** Resolves with whether the text has ended. */
  write(count: number, perSecond: number | null, onEvent: (event: WritingEvent) => void): Promise<boolean> {
    return this.#remote.call('write', [count, perSecond], onEvent)
  }

  stopWriting(): Promise<void> {
    return this.#remote.call('stopWriting')
  }

  draw(drawing: Drawing): Promise<void> {
    return this.#remote.call('draw', [drawing])
  }

  place(at: number): Promise<WritingPlace> {
    return this.#remote.call('place', [at])
  }

  choose(at: number, id: number): Promise<WritingChoice> {
    return this.#remote.call('choose', [at, id])
  }

  writtenInput(at: number): Promise<WrittenInput> {
    return this.#remote.call('writtenInput', [at])
  }

  close(): void {
    this.#remote.close()
  }
}

let worker: Remote | null = null

const experiments = (): Remote => (worker ??= new Remote(spawnExperiments()))

/** Runs an experiment of the lessons by name, in their worker. */
export function runExperiment<T>(name: string, ...args: unknown[]): Promise<T> {
  return experiments().call<T>(name, args)
}

/** The same with the events that the experiment emits while it runs. */
export function watchExperiment<T>(
  name: string,
  onEvent: (event: never) => void,
  ...args: unknown[]
): Promise<T> {
  return experiments().call<T>(name, args, onEvent)
}
