/** What a network is made of, as data that prints as the table known from Keras. */
import { maximum } from '../core/lists.ts'
import type { Layer } from '../layers/layer.ts'
import type { NetworkConfig } from './config.ts'

/** One layer of a summary. */
export interface LayerSummary {
  /** Its type and number: `recurrent.0`. */
  readonly name: string
  /** The type, or the cell of a recurrent layer. */
  readonly type: string
  /** `['batch', 'timesteps', 96]`, or `['batch', 2]` after the steps became one row. */
  readonly outputShape: readonly (string | number)[]
  readonly parameters: number
}

/** A network's layers, lowest first. */
export interface NetworkSummary {
  readonly layers: readonly LayerSummary[]
  readonly parameters: number
  /** The table. */
  toString(): string
}

export function summarize(layers: readonly Layer[], config: NetworkConfig): NetworkSummary {
  const rows = layers.map(({ name, type, output, parameters }, i): LayerSummary => {
    const options = config.layers[i]
    const steps = output.per === 'step' ? ['timesteps'] : []
    return {
      name,
      type: options.type === 'recurrent' ? options.cell : type,
      outputShape: ['batch', ...steps, output.width],
      parameters: parameters.reduce((sum, { size }) => sum + size, 0),
    }
  })
  const total = rows.reduce((sum, row) => sum + row.parameters, 0)
  // Not enumerable, so that a summary is plain data.
  const summary = { layers: rows, parameters: total }
  return Object.defineProperty(summary, 'toString', { value: () => printTable(rows, total) })
}

function printTable(rows: readonly LayerSummary[], total: number): string {
  const cells = rows.map(({ name, type, outputShape, parameters }) => [
    `${name} (${type})`,
    `(${outputShape.join(', ')})`,
    parameters.toLocaleString('en'),
  ])
  const all = [['Layer (type)', 'Output shape', 'Parameters'], ...cells]
  const [name, shape, count] = [0, 1, 2].map((column) => maximum(all.map((row) => row[column].length)))
  const lines = all.map(([a, b, c]) => `${a.padEnd(name)}  ${b.padEnd(shape)}  ${c.padStart(count)}`)
  const rule = '─'.repeat(name + shape + count + 4)
  return [lines[0], rule, ...lines.slice(1), rule, `Total parameters: ${total.toLocaleString('en')}`].join(
    '\n',
  )
}
