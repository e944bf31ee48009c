/** The page's hand on one runner: its methods with types. */
import type { Explanation, GradientFlow, Influence, Intervention, TracePlace } from 'latch/inspection'
import type { Prediction } from 'latch'
import type {
  InterveneRequest,
  Look,
  ModelFacts,
  RunEvent,
  RunResult,
  Span,
  TrainRequest,
} from './protocol.ts'
import { Remote } from './remote.ts'
import { spawnLabs, spawnRunner } from './spawn.ts'

export class RunnerClient {
  readonly #remote = new Remote(spawnRunner())

  open(bytes: Uint8Array, name: string, files: ReadonlyMap<string, Uint8Array>): Promise<ModelFacts> {
    return this.#remote.call('open', [bytes, name, files])
  }

  readable(text: string): Promise<boolean> {
    return this.#remote.call('readable', [text])
  }

  train(request: TrainRequest, tell: (event: RunEvent) => void): Promise<RunResult> {
    return this.#remote.call('train', [request], tell)
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

  look(text: string, target: string | null): Promise<Look> {
    return this.#remote.call('look', [text, target])
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

let labs: Remote | null = null

/** Calls an experiment of the lessons (labs/) in their worker. */
export function lab<T>(name: string, ...args: unknown[]): Promise<T> {
  labs ??= new Remote(spawnLabs())
  return labs.call<T>(name, args)
}

/** The same, hearing what the experiment tells while it runs. */
export function labTold<T>(name: string, tell: (event: never) => void, ...args: unknown[]): Promise<T> {
  labs ??= new Remote(spawnLabs())
  return labs.call<T>(name, args, tell)
}
