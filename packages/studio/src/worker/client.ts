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
