/** The networks of the workbench, one to four: each has a worker, a specification, its training and its errors. */
import { RunnerClient } from '../worker/client.ts'
import type { ErrorDetails } from '../rpc/remote.ts'
import { errorDetails } from './errors.ts'
import type { DataSpec, ModelInfo, NetworkSpec, RunEvent, RunResult } from '../worker/protocol.ts'

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

export const MAX_RUNS = 4
let count = 0

export class Run {
  readonly id = ++count
  spec = $state.raw<NetworkSpec>({ cell: 'lstm', units: 32, layers: 1, bidirectional: false })
  status = $state<RunStatus>('empty')
  info = $state.raw<ModelInfo | null>(null)
  error = $state.raw<ErrorDetails | null>(null)
  warnings = $state.raw<string[]>([])
  step = $state(0)
  epoch = $state(0)
  epochs = $state(0)
  stepsPerEpoch = $state(0)
  curve = $state.raw<CurvePoint[]>([])
  validation = $state.raw<CurvePoint[]>([])
  probes = $state.raw<{ step: number; norms: number[] }[]>([])
  result = $state.raw<RunResult | null>(null)
  /** Increases whenever the weights may have changed, which makes earlier results outdated. */
  revision = $state(0)
  #runner: RunnerClient | null = null

  get runner(): RunnerClient {
    return (this.#runner ??= new RunnerClient())
  }

  /** The displayed name: "LSTM 32". */
  get name(): string {
    const spec = this.info?.settings ?? this.spec
    const cell = spec.cell === 'bag' ? 'Bag of words' : spec.cell.toUpperCase()
    return `${cell} ${spec.units}${spec.layers > 1 ? `×${spec.layers}` : ''}${spec.bidirectional ? ' ⇄' : ''}`
  }

  get busy(): boolean {
    return this.status === 'training' || this.status === 'paused' || this.status === 'opening'
  }

  /** Whether there is a model to inspect. */
  get ready(): boolean {
    return this.info !== null && this.status !== 'opening'
  }

  get recurrent(): boolean {
    const cell = this.info?.settings.cell ?? this.spec.cell
    return cell !== 'ann' && cell !== 'bag'
  }

  /** @param files the other files of the model, by name */
  async open(
    bytes: Uint8Array,
    name: string,
    files: ReadonlyMap<string, Uint8Array> = new Map(),
  ): Promise<void> {
    this.#reset()
    this.status = 'opening'
    try {
      this.info = await this.runner.open(bytes, name, files)
      const { cell, units, layers, bidirectional } = this.info.settings
      this.spec = { cell, units, layers, bidirectional }
      this.status = 'done'
      this.revision++
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  async train(choices: TrainingChoices): Promise<void> {
    this.#reset()
    this.status = 'training'
    try {
      const request = $state.snapshot({ network: this.spec, ...choices })
      this.result = await this.runner.train(request as never, (event) => this.#receive(event))
      this.info = this.result.info
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

  /** Removes model and error. */
  clear(): void {
    this.#reset()
    this.status = 'empty'
  }

  #reset(): void {
    this.close()
    this.info = this.error = this.result = null
    this.curve = []
    this.validation = []
    this.probes = []
    this.warnings = []
    this.step = this.epoch = 0
  }

  #fail(error: unknown): void {
    this.error = errorDetails(error)
    this.status = 'failed'
  }

  #receive(event: RunEvent): void {
    if (event.type === 'probe') {
      this.probes = [...this.probes, { step: event.step, norms: event.norms }]
      return
    }
    this.step = event.type === 'start' ? 0 : event.step
    if (event.type === 'start') {
      this.info = event.info
      this.epochs = event.epochs
      this.stepsPerEpoch = event.stepsPerEpoch
      this.warnings = event.warnings
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
  /** Index of the run that the views show. */
  at = $state(0)

  get current(): Run {
    return this.runs[Math.min(this.at, this.runs.length - 1)]
  }

  /** Replaces all runs by one for each specification. */
  replace(specs: readonly NetworkSpec[]): void {
    for (const run of this.runs) run.close()
    this.runs = specs.slice(0, MAX_RUNS).map((spec) => {
      const run = new Run()
      run.spec = { ...spec }
      return run
    })
    this.at = 0
  }

  add(): Run | null {
    if (this.runs.length >= MAX_RUNS) return null
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
