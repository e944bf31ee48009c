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

const HEIGHT = 300
const PANEL = { width: 270, height: 190, top: 40, left: 60, gap: 80 }
const COLORS = { training: '#3b6fb5', validation: '#c8553d' } as const

/**
 * The curves of a training as an SVG picture, 720 pixels wide (370 without accuracies) and 300 high: loss and, where
 * there is one, accuracy by epoch, with the best epoch marked. Training loss includes dropout and label smoothing,
 * validation loss does not.
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
  const panels = PANELS.filter(({ curves }) => curves.some(([, read]) => epochs.map(read).some(isNumber)))
  const drawn = panels.map((panel, i) => drawPanel(panel, PANEL.left + i * (PANEL.width + PANEL.gap), given!))
  const width = PANEL.left + Math.max(1, panels.length) * (PANEL.width + PANEL.gap) - PANEL.gap + 40
  const attributes = `xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}"`
  return [
    `<svg ${attributes} role="img" data-generator="Latch" font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>Training history of ${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'}</title>`,
    `<rect width="${width}" height="${HEIGHT}" fill="#fff"/>`,
    ...drawn,
    ...legend(given!),
    '</svg>\n',
  ].join('\n')
}

function drawPanel({ title, curves, range }: Panel, left: number, { history, best }: DrawnHistory): string {
  const { width, height, top } = PANEL
  const values = curves.flatMap(([, read]) => history.map(read)).filter(isNumber)
  const ticks = range ? roundTicks(range[0], range[1]) : lossTicks(minimum(values), maximum(values))
  const [least, most] = [ticks[0], ticks[ticks.length - 1]]
  const first = history[0].epoch
  const last = history[history.length - 1].epoch
  const x = (epoch: number): number =>
    round(left + (last === first ? width / 2 : ((epoch - first) / (last - first)) * width))
  const y = (value: number): number => round(top + height * (1 - (value - least) / (most - least)))
  const out = [`<text x="${left}" y="${top - 14}" font-weight="600">${title}</text>`]
  for (const tick of ticks) {
    out.push(
      `<path d="M${left} ${y(tick)}h${width}" stroke="#ddd"/>`,
      `<text x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
    )
  }
  const epochTicks = roundTicks(first, last, 1).filter((tick) => tick >= first && tick <= last)
  for (const epoch of epochTicks) {
    const label = `<text x="${x(epoch)}" y="${top + height + 17}" text-anchor="middle">${epoch}</text>`
    out.push(label)
  }
  const axis = `<text x="${left + width / 2}" y="${top + height + 33}" text-anchor="middle" fill="#777">epoch</text>`
  out.push(axis)
  if (best) {
    const line = `<path d="M${x(best.epoch)} ${top}v${height}" stroke="#999" stroke-dasharray="3 3"/>`
    out.push(line)
  }
  for (const [name, read] of curves) {
    const points = history.map((epoch) => ({ at: x(epoch.epoch), value: read(epoch) }))
    out.push(drawCurve(points, COLORS[name], y))
  }
  return out.join('\n')
}

/** Lines through the values; one without neighbours is a dot. */
function drawCurve(
  points: readonly { at: number; value: number | null }[],
  color: string,
  y: (value: number) => number,
): string {
  const dots: string[] = []
  let path = ''
  points.forEach(({ at, value }, i) => {
    if (!isNumber(value)) return
    const [follows, goesOn] = [points[i - 1], points[i + 1]].map((other) => isNumber(other?.value ?? null))
    path += `${follows ? 'L' : 'M'}${at} ${y(value)}`
    if (!follows && !goesOn) dots.push(`<circle cx="${at}" cy="${y(value)}" r="3" fill="${color}"/>`)
  })
  if (!path.includes('L')) return dots.join('\n')
  const line = `<path d="${path}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"/>`
  return [line, ...dots].join('\n')
}

function legend({ history, best }: DrawnHistory): string[] {
  const y = HEIGHT - 10
  const drawn = [
    { name: 'training', line: `stroke="${COLORS.training}" stroke-width="2"`, shown: true },
    {
      name: 'validation',
      line: `stroke="${COLORS.validation}" stroke-width="2"`,
      shown: history.some((epoch) => isNumber(epoch.validationLoss)),
    },
    {
      name: `best epoch (${best?.epoch})`,
      line: 'stroke="#999" stroke-dasharray="3 3"',
      shown: best !== null,
    },
  ]
  return drawn
    .filter(({ shown }) => shown)
    .map(({ name, line }, i) => {
      const x = PANEL.left + i * 100
      return `<path d="M${x} ${y - 4}h20" ${line}/><text x="${x + 26}" y="${y}">${name}</text>`
    })
}

/** Ticks of losses, from 0 where that is near. */
function lossTicks(least: number, most: number): number[] {
  return roundTicks(least >= 0 && least < most / 2 ? 0 : least, most)
}

/** Three to seven round numbers, the first at most `least` and the last at least `most`. */
function roundTicks(least: number, most: number, smallest = 0): number[] {
  // Equal but for rounding: some numbers around them.
  const range = most - least > Math.abs(most) * 1e-5 ? most - least : Math.abs(most) / 10 || 1
  const power = 10 ** Math.floor(Math.log10(range / 5))
  const step = Math.max(smallest, [1, 2, 5, 10].find((factor) => factor * power * 5.01 >= range)! * power)
  const from = Math.floor(least / step + 1e-9)
  const to = Math.max(from + 1, Math.ceil(most / step - 1e-9))
  return Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(6)))
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
