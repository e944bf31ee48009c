/** The networks on the bench, one to four: each has a worker, what it is, how it trains, what went wrong. */
import { RunnerClient } from '../worker/client.ts'
import { CallError, type RemoteError } from '../worker/remote.ts'
import type { DataSpec, ModelFacts, NetworkSpec, RunEvent, RunResult } from '../worker/protocol.ts'

export type RunStatus = 'empty' | 'opening' | 'training' | 'paused' | 'done' | 'failed'

export interface CurvePoint {
  step: number
  loss: number
  accuracy: number | null
}

export interface TrainingChoices {
  data: DataSpec
  epochs: number
  learningRate: number | null
  seed: number
  probe: string | null
}

export const MOST_RUNS = 4
let made = 0

/** Words of an error for the page. */
export function wordsOf(error: unknown): RemoteError {
  if (error instanceof CallError) return error.facts
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: 'Error', message: String(error) }
}

export class Run {
  readonly id = ++made
  spec = $state.raw<NetworkSpec>({ cell: 'lstm', units: 32, layers: 1, bidirectional: false })
  status = $state<RunStatus>('empty')
  facts = $state.raw<ModelFacts | null>(null)
  error = $state.raw<RemoteError | null>(null)
  notes = $state.raw<string[]>([])
  step = $state(0)
  epoch = $state(0)
  epochs = $state(0)
  stepsPerEpoch = $state(0)
  curve = $state.raw<CurvePoint[]>([])
  validation = $state.raw<CurvePoint[]>([])
  probes = $state.raw<{ step: number; norms: number[] }[]>([])
  result = $state.raw<RunResult | null>(null)
  /** Goes up whenever the weights may have changed: what was computed before is old then. */
  revision = $state(0)
  #runner: RunnerClient | null = null

  get runner(): RunnerClient {
    return (this.#runner ??= new RunnerClient())
  }

  /** A name for people: "LSTM 32". */
  get name(): string {
    const spec = this.facts?.settings ?? this.spec
    const cell = spec.cell === 'bag' ? 'Bag of words' : spec.cell.toUpperCase()
    return `${cell} ${spec.units}${spec.layers > 1 ? `×${spec.layers}` : ''}${spec.bidirectional ? ' ⇄' : ''}`
  }

  get busy(): boolean {
    return this.status === 'training' || this.status === 'paused' || this.status === 'opening'
  }

  /** Whether there is a model to look into. */
  get ready(): boolean {
    return this.facts !== null && this.status !== 'opening'
  }

  get recurrent(): boolean {
    const cell = this.facts?.settings.cell ?? this.spec.cell
    return cell !== 'ann' && cell !== 'bag'
  }

  /** @param files others of the model, by name */
  async open(
    bytes: Uint8Array,
    name: string,
    files: ReadonlyMap<string, Uint8Array> = new Map(),
  ): Promise<void> {
    this.#renew()
    this.status = 'opening'
    try {
      this.facts = await this.runner.open(bytes, name, files)
      const { cell, units, layers, bidirectional } = this.facts.settings
      this.spec = { cell, units, layers, bidirectional }
      this.status = 'done'
      this.revision++
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  async train(choices: TrainingChoices): Promise<void> {
    this.#renew()
    this.status = 'training'
    try {
      const request = $state.snapshot({ network: this.spec, ...choices })
      this.result = await this.runner.train(request as never, (event) => this.#take(event))
      this.facts = this.result.facts
      this.status = 'done'
      this.revision++
    } catch (error) {
      this.#fail(error)
    }
  }

  pause(): void {
    void this.runner.control('pause')
  }

  resume(): void {
    void this.runner.control('resume')
  }

  stepOnce(): void {
    void this.runner.control('step')
  }

  stop(): void {
    void this.runner.control('stop')
  }

  close(): void {
    this.#runner?.close()
    this.#runner = null
  }

  /** Back to nothing: no model, no error. */
  clear(): void {
    this.#renew()
    this.status = 'empty'
  }

  #renew(): void {
    this.close()
    this.facts = this.error = this.result = null
    this.curve = []
    this.validation = []
    this.probes = []
    this.notes = []
    this.step = this.epoch = 0
  }

  #fail(error: unknown): void {
    this.error = wordsOf(error)
    this.status = 'failed'
  }

  #take(event: RunEvent): void {
    if (event.type === 'probe') {
      this.probes = [...this.probes, { step: event.step, norms: event.norms }]
      return
    }
    this.step = event.type === 'start' ? 0 : event.step
    if (event.type === 'start') {
      this.facts = event.facts
      this.epochs = event.epochs
      this.stepsPerEpoch = event.stepsPerEpoch
      this.notes = event.notes
    } else if (event.type === 'step' || event.type === 'epoch') {
      this.epoch = event.epoch
      const { step, loss, accuracy } = event
      this.curve = [...this.curve, { step, loss, accuracy }]
      if (event.type === 'epoch' && event.validationLoss !== null)
        this.validation = [
          ...this.validation,
          { step, loss: event.validationLoss, accuracy: event.validationAccuracy },
        ]
    } else this.status = event.type === 'paused' ? 'paused' : 'training'
    this.revision++
  }
}

class Bench {
  runs = $state.raw<Run[]>([new Run()])
  /** Which of them the views show. */
  at = $state(0)

  get current(): Run {
    return this.runs[Math.min(this.at, this.runs.length - 1)]
  }

  /** One run for each specification; those that were there are ended. */
  lay(specs: readonly NetworkSpec[]): void {
    for (const run of this.runs) run.close()
    this.runs = specs.slice(0, MOST_RUNS).map((spec) => {
      const run = new Run()
      run.spec = { ...spec }
      return run
    })
    this.at = 0
  }

  add(): Run | null {
    if (this.runs.length >= MOST_RUNS) return null
    const run = new Run()
    this.runs = [...this.runs, run]
    return run
  }

  remove(run: Run): void {
    run.close()
    this.runs = this.runs.filter((other) => other !== run)
    if (this.runs.length === 0) this.runs = [new Run()]
    this.at = Math.min(this.at, this.runs.length - 1)
  }
}

export const bench = new Bench()
