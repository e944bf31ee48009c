/** One training under control: pause, a step at a time, stop; curves and the gradient's lags on the way. */
import { Network, PackedBatch, Random, type ModelFitEvent, type TextClassifier } from 'latch'
import { traceSequence } from 'latch/inspection'
import { factsOf } from './facts.ts'
import type { RunEvent, RunResult, TrainRequest } from './protocol.ts'
import { rowsOf, taskOf, testRowsOf, type Row } from './tasks.ts'

const COLUMNS = { text: 'text', label: 'label' } as const
/** At most so many columns in the map of lag × step. */
const PROBES = 120

export class Training {
  readonly #request: TrainRequest
  readonly #tell: (event: RunEvent) => void
  readonly #name: string
  readonly #stop = new AbortController()
  #paused = false
  /** Steps to make although paused. */
  #allowed = 0
  #wake: (() => void) | null = null
  #steps = 0
  #probeEvery = 1
  #probeNetwork: Network | null = null

  constructor(request: TrainRequest, tell: (event: RunEvent) => void, name: string) {
    this.#request = request
    this.#tell = tell
    this.#name = name
  }

  /** Small exact tasks are learned without noise. */
  get modelOptions() {
    const { data, network } = this.#request
    const small = (data.task === 'own' ? (data.rows?.length ?? 0) : (taskOf(data.task)?.count ?? 0)) < 200
    const exact = taskOf(data.task)?.exact ?? small
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
    const rows = rowsOf(data, seed)
    const exact = taskOf(data.task)?.exact ?? rows.length < 200
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
    const test = testRowsOf(data, seed)
    const { accuracy, shuffled } = test ? await measure(model, test) : { accuracy: null, shuffled: null }
    return {
      facts: factsOf(model, this.#name),
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
      this.#probeEvery = Math.max(1, Math.floor((stepsPerEpoch * this.#request.epochs) / PROBES))
      const { epochs } = this.#request
      const facts = factsOf(model, this.#name)
      this.#tell({ type: 'start', facts, stepsPerEpoch, epochs, notes: [...event.warnings] })
    }
    if (event.type === 'epoch') {
      const { epoch, seconds } = event
      this.#tell({
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
      this.#tell({ type: 'step', step: this.#steps, epoch, loss, accuracy, perSecond })
    }
  }

  /** After each update; holds the run while it is paused. */
  async #step(model: TextClassifier, progress: { epoch: number; loss: number }): Promise<void> {
    this.#steps++
    if (this.#steps % this.#probeEvery === 0) this.#probe(model)
    if (this.#allowed > 0) {
      this.#allowed--
      const { epoch, loss } = progress
      this.#tell({ type: 'step', step: this.#steps, epoch, loss, accuracy: null, perSecond: 0 })
    }
    let told = false
    while (this.#paused && this.#allowed === 0 && !this.#stop.signal.aborted) {
      if (!told) this.#tell({ type: 'paused', step: this.#steps })
      told = true
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    if (told && !this.#paused) this.#tell({ type: 'resumed', step: this.#steps })
  }

  /** The gradient's norms by lag, on a copy of the network so that the run is not touched. */
  #probe(model: TextClassifier): void {
    const { probe } = this.#request
    const { cell } = model.settings
    if (!probe || cell === 'ann' || cell === 'bag') return
    const { ids } = model.encode(probe)
    if (ids.length === 0) return
    const { network } = model
    const weights = ({ name }: { name: string }) => network.store.read(network.store.find(name))
    if (!this.#probeNetwork)
      this.#probeNetwork = new Network(network.config, { reproducible: true, threads: 1, weights })
    else
      for (const parameter of this.#probeNetwork.parameters)
        this.#probeNetwork.store.write(parameter, weights(parameter))
    const { layers } = traceSequence(this.#probeNetwork, PackedBatch.ofIds([ids]), { classes: [0] })
    const top = layers.findLast(({ direction }) => direction === 'forward')!
    const norms = top.steps.map(({ gradient }) => Math.hypot(gradient.hidden, gradient.cell ?? 0)).reverse()
    this.#tell({ type: 'probe', step: this.#steps, norms })
  }
}

/** Accuracy on rows, and on the same rows with each text's words in another order. */
async function measure(model: TextClassifier, rows: Row[]): Promise<{ accuracy: number; shuffled: number }> {
  const random = new Random(1, 'shuffled words')
  const mixed = rows.map(({ text, label }) => ({ text: random.shuffle(text.split(' ')).join(' '), label }))
  const { accuracy } = await model.evaluate(rows, COLUMNS)
  const { accuracy: shuffled } = await model.evaluate(mixed, COLUMNS)
  return { accuracy, shuffled }
}
