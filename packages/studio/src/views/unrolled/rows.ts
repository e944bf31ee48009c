/**
 * The rows of the unrolled network from top to bottom: output, layers and directions, input, tokens; with the shapes of
 * their vectors and weights.
 */
import { namesBelow } from '../../parts/layerNames.ts'
import type { Inspection } from '../../worker/protocol.ts'

export type Direction = 'forward' | 'backward'

export interface Row {
  kind: 'output' | 'state' | 'input' | 'token'
  /** Index into trace.layers; −1 elsewhere. */
  at: number
  layer: number
  direction: Direction
  y: number
  height: number
  title: string
  shapes: string[]
  /** The weights of its input from below. */
  up: string
  /** Which of the two directions of a layer this row is; null: there is only one. */
  pair: 'upper' | 'lower' | null
  /** The weights from step to step. */
  across: string
}

export interface Drawing {
  rows: Row[]
  height: number
}

/** Space between two rows, for the arrow and its weight. */
const GAP = 30
const HEIGHT = { output: 44, state: 92, input: 58, token: 24 }

/** @param rotated whether tokens are rotated, for narrow columns */
export function buildDrawing(inspection: Inspection, rotated = false): Drawing {
  const { trace } = inspection
  const both = trace.layers.some(({ direction }) => direction === 'backward')
  const rows: Row[] = []
  let y = 26
  const add = (row: Omit<Row, 'y' | 'height'>, gap: number) => {
    const height = row.kind === 'token' && rotated ? 70 : HEIGHT[row.kind]
    rows.push({ ...row, y, height })
    y += height + gap
  }
  const none = { at: -1, layer: -1, direction: 'forward', pair: null, across: '' } as const
  const classes = Object.keys(trace.probabilities).length
  add(
    {
      ...none,
      kind: 'output',
      title: 'output',
      shapes: [`(1, ${classes})`],
      up: weightShape(inspection, 'dense', 'V'),
    },
    GAP,
  )
  const order = trace.layers
    .map((_, at) => at)
    .sort((a, b) => trace.layers[b].layer - trace.layers[a].layer || a - b)
  for (const at of order) {
    const { layer, direction, units, steps } = trace.layers[at]
    const arrow = both ? (direction === 'forward' ? ' →' : ' ←') : ''
    const name = (part: 'ih' | 'hh', letter: string) =>
      recurrentWeight(inspection, layer, direction, part, letter, units)
    const shapes = steps[0]?.cell ? [`c (1, ${units})`, `h (1, ${units})`] : [`h (1, ${units})`]
    const pair = both ? (direction === 'forward' ? 'upper' : 'lower') : null
    const title = `layer ${layer}${arrow}`
    add(
      {
        kind: 'state',
        pair,
        at,
        layer,
        direction,
        title,
        shapes,
        up: name('ih', 'W'),
        across: name('hh', 'U'),
      },
      GAP,
    )
  }
  const width = trace.layers[0]?.steps[0]?.input.length ?? 0
  const input = {
    title: inputTitle(inspection),
    shapes: [`(1, ${width || inputWidth(inspection)})`],
  }
  add({ ...none, ...input, kind: 'input', up: '' }, 6)
  add({ ...none, kind: 'token', title: 'token', shapes: [], up: '' }, 0)
  return { rows, height: y }
}

/** `x, embedding`, `x, batch norm → convolution`: the layers below the lowest recurrent one. */
export function inputTitle({ layers }: Pick<Inspection, 'layers'>): string {
  const names = namesBelow(layers)
  return names === '' ? 'x' : `x, ${names}`
}

/** Width of a one-hot input: the number of columns of the lowest layer's weights. */
export function inputWidth(inspection: Inspection): number {
  return inspection.shapes.find(({ name }) => /^recurrent\.0\.weight_ih_l0$/.test(name))?.shape[1] ?? 0
}

/** "W 4·(F×H)": one matrix per gate, written as in x·W. */
function recurrentWeight(
  inspection: Inspection,
  layer: number,
  direction: Direction,
  part: string,
  letter: string,
  units: number,
): string {
  const suffix = direction === 'backward' ? '_reverse' : ''
  const found = inspection.shapes.find(({ name }) =>
    new RegExp(`^recurrent\\.${layer}\\.weight_${part}_l\\d+${suffix}$`).test(name),
  )
  if (!found) return letter
  const [rows, columns] = found.shape
  const gates = Math.round(rows / units)
  return `${letter} ${gates > 1 ? `${gates}·` : ''}(${columns}×${units})`
}

function weightShape(inspection: Inspection, layer: string, letter: string): string {
  const found = inspection.shapes.findLast(({ name }) => name.startsWith(layer) && name.endsWith('.weight'))
  return found ? `${letter} (${found.shape[1]}×${found.shape[0]})` : letter
}
