/** The settings of the workbench: data, networks and training options, and how a link encodes them. */
import { cells, type CellChoice } from 'latch'
import type { DataSpec, NetworkSpec } from '../worker/protocol.ts'
import { findTask } from '../worker/tasks.ts'
import { runExperiment } from '../worker/client.ts'
import type { OwnTable } from '../experiments/table.ts'
import type { ErrorDetails } from '../rpc/remote.ts'
import { errorDetails } from './errors.ts'
import { bench, MAX_RUNS } from './runs.svelte.ts'
import { inspector } from './inspector.svelte.ts'

export const CELLS: readonly { cell: CellChoice; name: string }[] = [
  ...[...cells].reverse().map(({ name }) => ({ cell: name, name: name.toUpperCase() })),
  { cell: 'ann', name: 'ANN' },
  { cell: 'bag', name: 'Bag of words' },
]

/** Maximum length of the user's own rows in a link; longer ones stay on this page. */
const MAX_LINKED = 2000

class Plan {
  task = $state('comments')
  epochs = $state(8)
  learningRate = $state<number | null>(null)
  seed = $state(1)
  /** The user's own rows: the pasted text and the table read from it. */
  pasted = $state('')
  own = $state.raw<OwnTable | null>(null)
  ownError = $state.raw<ErrorDetails | null>(null)
  ownName = $state('')

  choose(id: string): void {
    this.task = id
    const task = findTask(id)
    if (!task) return
    this.epochs = task.epochs
    inspector.text = task.sentence
    inspector.target = null
  }

  /** Reads a table; an error is shown beside the input. */
  async read(data: string | Uint8Array, name: string): Promise<void> {
    this.ownName = name
    this.task = 'own'
    try {
      this.own = await runExperiment<OwnTable>('table', data, name)
      this.ownError = null
      if (this.own.rows.length) inspector.text = this.own.rows[0].text
    } catch (error) {
      this.own = null
      this.ownError = errorDetails(error)
    }
  }

  get data(): DataSpec {
    return this.task === 'own' ? { task: 'own', rows: this.own?.rows ?? [] } : { task: this.task }
  }

  get ready(): boolean {
    return this.task !== 'own' || this.own !== null
  }

  async train(): Promise<void> {
    const { data, epochs, learningRate, seed } = this
    await Promise.all(
      bench.runs.map((run) => run.train({ data, epochs, learningRate, seed, probe: inspector.text || null })),
    )
  }

  /** As parameters of the address. */
  get parameters(): Record<string, string | null> {
    const { task, epochs, seed, learningRate, pasted } = this
    const linked = task === 'own' && pasted && pasted.length <= MAX_LINKED
    return {
      data: task,
      rows: linked ? pasted : null,
      nets: bench.runs.map(({ spec }) => formatNetwork(spec)).join(','),
      epochs: String(epochs),
      seed: String(seed),
      rate: learningRate === null ? null : String(learningRate),
    }
  }

  async restore(query: URLSearchParams): Promise<void> {
    const nets = (query.get('nets') ?? '')
      .split(',')
      .map(parseNetwork)
      .filter((spec) => spec !== null)
    if (nets.length) bench.replace(nets.slice(0, MAX_RUNS))
    const task = query.get('data')
    if (task) this.choose(task)
    this.epochs = whole(query.get('epochs'), 1, 1000) ?? this.epochs
    this.seed = whole(query.get('seed'), 0, 2 ** 31) ?? this.seed
    const rate = Number(query.get('rate'))
    this.learningRate = rate > 0 && rate < 10 ? rate : null
    const rows = query.get('rows')
    if (rows) {
      this.pasted = rows
      await this.read(rows, 'pasted rows')
    }
  }
}

/** `lstm-32`, `gru-16x2b`: cell, units, layers, both directions. */
function formatNetwork({ cell, units, layers, bidirectional }: NetworkSpec): string {
  return `${cell}-${units}${layers > 1 ? `x${layers}` : ''}${bidirectional ? 'b' : ''}`
}

function parseNetwork(word: string): NetworkSpec | null {
  const [, cell, units, layers, both] = /^(rnn|lstm|gru|ann|bag)-(\d{1,4})(?:x(\d))?(b)?$/.exec(word) ?? []
  if (!cell) return null
  const spec = {
    cell: cell as CellChoice,
    units: Number(units),
    layers: Number(layers ?? 1),
    bidirectional: !!both,
  }
  return spec.units >= 1 && spec.units <= 512 && spec.layers >= 1 && spec.layers <= 4 ? spec : null
}

function whole(text: string | null, least: number, most: number): number | null {
  const value = Number(text ?? Number.NaN)
  return Number.isInteger(value) && value >= least && value <= most ? value : null
}

export const plan = new Plan()
