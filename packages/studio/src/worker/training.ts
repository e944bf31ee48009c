/** One training that can be paused, stepped and stopped; it emits curves and gradient norms by lag. */
import { coreLayers, networkFromConfig, PackedBatch, Random } from 'latch'
import type { ModelFitEvent, Network, TextClassifier } from 'latch'
import { traceSequence } from 'latch/inspection'
import type { Row } from '../experiments/table.ts'
import { modelInfo } from './modelInfo.ts'
import type { RunEvent, RunResult, TrainRequest } from './protocol.ts'
import { findTask, makeRows, makeTestRows } from './tasks.ts'

const COLUMNS = { text: 'text', label: 'label' } as const
/** Maximum number of columns in the map of lag × update. */
const MAX_PROBES = 120

export class Training {
  readonly #request: TrainRequest
  readonly #emit: (event: RunEvent) => void
  readonly #name: string
  readonly #stop = new AbortController()
  #paused = false
  /** Steps to run while paused. */
  #allowed = 0
  #wake: (() => void) | null = null
  #steps = 0
  #probeEvery = 1
  #probeNetwork: Network | null = null

  constructor(request: TrainRequest, emit: (event: RunEvent) => void, name: string) {
    this.#request = request
    this.#emit = emit
    this.#name = name
  }

  /** Small exact tasks are trained without dropout. */
  get modelOptions() {
    const { data, network } = this.#request
    const small = (data.task === 'own' ? (data.rows?.length ?? 0) : (findTask(data.task)?.count ?? 0)) < 200
    const exact = findTask(data.task)?.exact ?? small
    const embedding = Math.min(64, Math.max(8, network.units))
    return {
      embedding,
      ...(exact ? { dropout: 0, minimumCount: 1 } : {}),
      ...(small ? { minimumCount: 1 } : {}),
    }
  }

  control(action: 'pause' | 'resume' | 'step' | 'stop'): void {
    if (action === 'stop') this.#stop.abort()
    if (action === 'pause') this.#paused = true
    if (action === 'resume') this.#paused = false
    if (action === 'step') {
      this.#paused = true
      this.#allowed = 1
    }
    if (action !== 'pause') this.#wake?.()
  }

  async run(model: TextClassifier): Promise<RunResult> {
    const { data, epochs, learningRate, seed } = this.#request
    const rows = makeRows(data, seed)
    const exact = findTask(data.task)?.exact ?? rows.length < 200
    const report = await model.fit(rows, {
      ...COLUMNS,
      epochs,
      seed,
      validation: rows.length < 50 ? 0 : 0.1,
      patience: null,
      ...(exact ? { labelSmoothing: 0, learningRate: 0.006 } : {}),
      ...(learningRate === null ? {} : { learningRate }),
      signal: this.#stop.signal,
      onEvent: (event) => this.#event(event, model),
      onStep: (progress) => this.#step(model, progress),
    })
    const test = makeTestRows(data, seed)
    const { accuracy, shuffled } = test ? await measure(model, test) : { accuracy: null, shuffled: null }
    return {
      info: modelInfo(model, this.#name),
      seconds: report.seconds,
      epochs: report.epochs,
      stopped: report.stopped,
      accuracy,
      shuffled,
    }
  }

  #event(event: ModelFitEvent, model: TextClassifier): void {
    if (event.type === 'start') {
      const stepsPerEpoch = Math.ceil(event.trainSize / 32)
      this.#probeEvery = Math.max(1, Math.floor((stepsPerEpoch * this.#request.epochs) / MAX_PROBES))
      const { epochs } = this.#request
      const info = modelInfo(model, this.#name)
      this.#emit({ type: 'start', info, stepsPerEpoch, epochs, warnings: [...event.warnings] })
    }
    if (event.type === 'epoch') {
      const { epoch, seconds } = event
      this.#emit({
        type: 'epoch',
        step: this.#steps,
        epoch,
        loss: event.trainLoss,
        accuracy: event.trainAccuracy,
        validationLoss: event.validationLoss,
        validationAccuracy: event.validationAccuracy,
        seconds,
      })
    }
    if (event.type === 'progress') {
      const { epoch, loss, accuracy, sequencesPerSecond: perSecond } = event
      this.#emit({ type: 'step', step: this.#steps, epoch, loss, accuracy, perSecond })
    }
  }

  /** Runs after each update; waits while the training is paused. */
  async #step(model: TextClassifier, progress: { epoch: number; loss: number }): Promise<void> {
    this.#steps++
    if (this.#steps % this.#probeEvery === 0) this.#probe(model)
    if (this.#allowed > 0) {
      this.#allowed--
      const { epoch, loss } = progress
      this.#emit({ type: 'step', step: this.#steps, epoch, loss, accuracy: null, perSecond: 0 })
    }
    let paused = false
    while (this.#paused && this.#allowed === 0 && !this.#stop.signal.aborted) {
      if (!paused) this.#emit({ type: 'paused', step: this.#steps })
      paused = true
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    if (paused && !this.#paused) this.#emit({ type: 'resumed', step: this.#steps })
  }

  /** The gradient norms by lag, on a copy of the network, so that the training is not affected. */
  #probe(model: TextClassifier): void {
    const { probe } = this.#request
    const { cell } = model.settings
    if (!probe || cell === 'ann' || cell === 'bag') return
    const { ids } = model.encode(probe)
    if (ids.length === 0) return
    const { network } = model
    const weights = ({ name }: { name: string }) => network.readParameter(name)
    if (!this.#probeNetwork)
      this.#probeNetwork = networkFromConfig(network.config, coreLayers, {
        reproducible: true,
        threads: 1,
        weights,
      })
    else
      for (const parameter of this.#probeNetwork.parameters)
        this.#probeNetwork.writeParameter(parameter.name, weights(parameter))
    const { layers } = traceSequence(this.#probeNetwork, PackedBatch.ofIds([ids]), { classes: [0] })
    const top = layers.findLast(({ direction }) => direction === 'forward')!
    const norms = top.steps.map(({ gradient }) => Math.hypot(gradient.hidden, gradient.cell ?? 0)).reverse()
    this.#emit({ type: 'probe', step: this.#steps, norms })
  }
}

/** Accuracy on rows, and on the same rows with the words of each text shuffled. */
async function measure(model: TextClassifier, rows: Row[]): Promise<{ accuracy: number; shuffled: number }> {
  const random = new Random(1, 'shuffled words')
  const mixedRows = rows.map(({ text, label }) => ({
    text: random.shuffle(text.split(' ')).join(' '),
    label,
  }))
  const { accuracy } = await model.evaluate(rows, COLUMNS)
  const { accuracy: shuffled } = await model.evaluate(mixedRows, COLUMNS)
  return { accuracy, shuffled }
}
