/** The losses and accuracies of a training as a picture: one curve for the training rows, one for the validation rows. */
import { UsageError } from '../core/errors.ts'
import { maximum, minimum } from '../core/lists.ts'
import { describe } from '../core/validation.ts'
import type { BestEpoch, EpochRecord } from './events.ts'

/** What is drawn of a training: `model.history`, or the report of `fit`. */
export interface DrawnHistory {
  history: readonly Omit<EpochRecord, 'seconds'>[]
  best: BestEpoch | null
}

type Read = (epoch: Omit<EpochRecord, 'seconds'>) => number | null

interface Panel {
  title: string
  curves: readonly (readonly [name: 'training' | 'validation', read: Read])[]
  /** A range that is always shown. */
  range: readonly [number, number] | null
}

const PANELS: readonly Panel[] = [
  {
    title: 'Loss',
    curves: [
      ['training', (epoch) => epoch.trainLoss],
      ['validation', (epoch) => epoch.validationLoss],
    ],
    range: null,
  },
  {
    title: 'Accuracy',
    curves: [
      ['training', (epoch) => epoch.trainAccuracy],
      ['validation', (epoch) => epoch.validationAccuracy],
    ],
    range: [0, 1],
  },
]

const WIDTH = 720
const HEIGHT = 300
const PANEL = { width: 270, height: 200, top: 46, left: 60, gap: 80 }
const COLORS = { training: '#3b6fb5', validation: '#c8553d' } as const

/**
 * The curves of a training as an SVG picture of 720 × 300 pixels: loss and, where there is one, accuracy by epoch, with
 * the best epoch marked. Training loss includes dropout and label smoothing, validation loss does not.
 * @throws UsageError for a history without epochs
 * @example
 * await writeFile('history.svg', historyToSvg(model.history))
 */
export function historyToSvg(given: DrawnHistory | null): string {
  const epochs = given?.history
  if (!Array.isArray(epochs) || epochs.length === 0) {
    const expected = 'the history of a trained model'
    throw new UsageError({ where: 'historyToSvg', expected, got: epochs ? 'no epochs' : describe(given) })
  }
  const panels = PANELS.filter(({ curves }) =>
    curves.some(([, read]) => epochs.some((epoch) => isNumber(read(epoch)))),
  )
  const drawn = panels.map((panel, i) => drawPanel(panel, PANEL.left + i * (PANEL.width + PANEL.gap), given!))
  const attributes = `xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`
  return [
    `<svg ${attributes} role="img" data-generator="Latch" font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>Training history of ${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...drawn,
    ...legend(given!),
    '</svg>\n',
  ].join('\n')
}

function drawPanel({ title, curves, range }: Panel, left: number, { history, best }: DrawnHistory): string {
  const { width, height, top } = PANEL
  const values = curves.flatMap(([, read]) => history.map(read)).filter(isNumber)
  const [least, most] = range ?? spread(minimum(values), maximum(values))
  const first = history[0].epoch
  const last = history[history.length - 1].epoch
  const x = (epoch: number): number =>
    left + (last === first ? width / 2 : ((epoch - first) / (last - first)) * width)
  const y = (value: number): number => top + height * (1 - (value - least) / (most - least))
  const out = [`<text x="${left}" y="${top - 14}" font-weight="600">${title}</text>`]
  for (const tick of [least, (least + most) / 2, most]) {
    const at = round(y(tick))
    out.push(
      `<path d="M${left} ${at}H${left + width}" stroke="#ddd"/>`,
      `<text x="${left - 8}" y="${at + 4}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`,
    )
  }
  for (const epoch of new Set([first, last])) {
    const label = `<text x="${round(x(epoch))}" y="${top + height + 18}" text-anchor="middle">${epoch}</text>`
    out.push(label)
  }
  if (best) {
    const line = `<path d="M${round(x(best.epoch))} ${top}V${top + height}" stroke="#999" stroke-dasharray="3 3"/>`
    out.push(line)
  }
  for (const [name, read] of curves) out.push(curve(history, read, COLORS[name], x, y))
  return out.join('\n')
}

/** A line through the values; a single one, or one between missing ones, is a point. */
function curve(
  history: DrawnHistory['history'],
  read: Read,
  color: string,
  x: (epoch: number) => number,
  y: (value: number) => number,
): string {
  let path = ''
  let isOpen = false
  for (const epoch of history) {
    const value = read(epoch)
    if (isNumber(value)) path += `${isOpen ? 'L' : 'M'}${round(x(epoch.epoch))} ${round(y(value))}`
    isOpen = isNumber(value)
  }
  if (path === '') return ''
  const single = history.length === 1 ? `${path}h0` : path
  return `<path d="${single}" fill="none" stroke="${color}" stroke-width="2" stroke-linecap="round"/>`
}

function legend({ best }: DrawnHistory): string[] {
  const y = HEIGHT - 14
  const items = (['training', 'validation'] as const).map((name, i) => {
    const x = PANEL.left + i * 110
    const line = `<path d="M${x} ${y - 4}h20" stroke="${COLORS[name]}" stroke-width="2"/>`
    return `${line}<text x="${x + 26}" y="${y}">${name}</text>`
  })
  const words = best ? `<text x="${PANEL.left + 220}" y="${y}">dashed: best epoch, ${best.epoch}</text>` : ''
  return [...items, words]
}

/** A range of losses, from 0 where that is near, never empty. */
function spread(least: number, most: number): [number, number] {
  const from = least >= 0 && least < most / 2 ? 0 : least
  return most > from ? [from, most] : [from - 0.5, from + 0.5]
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
