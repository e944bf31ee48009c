/** What the workbench is set to: data, networks, choices of the training; and what a link says of them. */
import type { CellChoice } from 'latch'
import type { DataSpec, NetworkSpec } from '../worker/protocol.ts'
import { taskOf } from '../worker/tasks.ts'
import { lab } from '../worker/client.ts'
import type { OwnTable } from '../experiments/table.ts'
import type { RemoteError } from '../worker/remote.ts'
import { bench, wordsOf, MOST_RUNS } from './runs.svelte.ts'
import { looking } from './looking.svelte.ts'

export const CELLS: readonly { cell: CellChoice; name: string }[] = [
  { cell: 'rnn', name: 'RNN' },
  { cell: 'lstm', name: 'LSTM' },
  { cell: 'gru', name: 'GRU' },
  { cell: 'ann', name: 'ANN' },
  { cell: 'bag', name: 'Bag of words' },
]

/** Text of own rows that a link carries; longer ones stay on this page. */
const MOST_LINKED = 2000

class Plan {
  task = $state('comments')
  epochs = $state(8)
  learningRate = $state<number | null>(null)
  seed = $state(1)
  /** Own rows: the text as pasted, and what was read from it. */
  pasted = $state('')
  own = $state.raw<OwnTable | null>(null)
  ownError = $state.raw<RemoteError | null>(null)
  ownName = $state('')

  choose(id: string): void {
    this.task = id
    const task = taskOf(id)
    if (!task) return
    this.epochs = task.epochs
    looking.text = task.sentence
    looking.target = null
  }

  /** Reads a table; its error is shown where it was given. */
  async read(data: string | Uint8Array, name: string): Promise<void> {
    this.ownName = name
    this.task = 'own'
    try {
      this.own = await lab<OwnTable>('table', data, name)
      this.ownError = null
      if (this.own.rows.length) looking.text = this.own.rows[0].text
    } catch (error) {
      this.own = null
      this.ownError = wordsOf(error)
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
      bench.runs.map((run) => run.train({ data, epochs, learningRate, seed, probe: looking.text || null })),
    )
  }

  /** As words of the address. */
  get words(): Record<string, string | null> {
    const { task, epochs, seed, learningRate, pasted } = this
    const linked = task === 'own' && pasted && pasted.length <= MOST_LINKED
    return {
      data: task,
      rows: linked ? pasted : null,
      nets: bench.runs.map(({ spec }) => wordOf(spec)).join(','),
      epochs: String(epochs),
      seed: String(seed),
      rate: learningRate === null ? null : String(learningRate),
    }
  }

  async restore(query: URLSearchParams): Promise<void> {
    const nets = (query.get('nets') ?? '')
      .split(',')
      .map(specOf)
      .filter((spec) => spec !== null)
    if (nets.length) bench.lay(nets.slice(0, MOST_RUNS))
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
function wordOf({ cell, units, layers, bidirectional }: NetworkSpec): string {
  return `${cell}-${units}${layers > 1 ? `x${layers}` : ''}${bidirectional ? 'b' : ''}`
}

function specOf(word: string): NetworkSpec | null {
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
