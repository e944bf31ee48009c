/** Edits in the address, as text, and the presets. */
import type { Trace } from 'latch'
import type { Edit, EditPlace } from 'latch/inspection'
import { short } from '../../drawing/numbers.ts'
import type { ModelInfo } from '../../worker/protocol.ts'
import { cellOf, findLayer, symbolFor, quoted } from '../../parts/cell/vectors.ts'
import { inputTokens, layerTokens } from '../../parts/steps.ts'

/** Maximum number of edits in a link. */
export const MAX_EDITS = 60

/** Parses the edits of the address; `broken` if they are invalid. The library checks what an edit names. */
export function readEdits(text: string | null): { edits: Edit[]; broken: boolean } {
  if (!text) return { edits: [], broken: false }
  try {
    const value: unknown = JSON.parse(text)
    const valid =
      Array.isArray(value) &&
      value.every((edit) => typeof edit === 'object' && edit !== null && 'type' in edit)
    return valid ? { edits: value.slice(0, MAX_EDITS) as Edit[], broken: false } : { edits: [], broken: true }
  } catch {
    return { edits: [], broken: true }
  }
}

export function writeEdits(edits: readonly Edit[]): string | null {
  return edits.length ? JSON.stringify(edits) : null
}

/** The layer that an edit of gates or states is of; the top one for an edit of all. */
function layerOf(edit: EditPlace, trace: Trace) {
  return findLayer(trace, edit.layer ?? -1, edit.direction ?? 'forward')
}

/** One edit as text. */
export function describeEdit(edit: Edit, trace: Trace): string {
  const ofText = edit.type === 'drop' || edit.type === 'replace'
  const tokens = ofText ? inputTokens(trace) : layerTokens(trace, layerOf(edit, trace))
  const at = (step: number) => `step ${step}${tokens[step] === undefined ? '' : ` ${quoted(tokens[step])}`}`
  if (edit.type === 'drop') return `drop the token of ${at(edit.step)}`
  if (edit.type === 'replace') return `replace the token of ${at(edit.step)} by “${edit.token}”`
  const cell = cellOf(layerOf(edit, trace))
  const what =
    edit.type === 'gate'
      ? gateName(edit.gate, cell)
      : `set the ${edit.state} state ${symbolFor(cell, edit.state)}`
  return `${what} to ${short(edit.value)},  ${span(edit, tokens.length, at)}${scope(edit)}`
}

function gateName(gate: string, cell: string): string {
  return `clamp the ${gate === 'candidate' ? 'candidate' : `${gate} gate`} ${symbolFor(cell, gate)}`
}

function span({ from = 0, to }: EditPlace, steps: number, at: (step: number) => string): string {
  const last = to ?? steps - 1
  if (from === 0 && last === steps - 1) return 'at every step'
  return from === last ? `at ${at(from)}` : `from ${at(from)} to ${at(last)}`
}

function scope({ layer, direction, units }: EditPlace): string {
  const parts = [
    layer === undefined ? '' : `layer ${layer}`,
    direction === undefined ? '' : direction,
    units === undefined
      ? ''
      : `${units.length === 1 ? 'unit' : 'units'} ${units.slice(0, 8).join(', ')}${units.length > 8 ? ', …' : ''}`,
  ]
  return parts
    .filter(Boolean)
    .map((part) => `, ${part}`)
    .join('')
}

/** The edits at one token, as short as possible: those of gates and states where the layer's steps are the tokens. */
export function underToken(edits: readonly Edit[], step: number, trace: Trace): string {
  const parts = edits.flatMap((edit) => {
    if (edit.type === 'drop') return edit.step === step ? ['dropped'] : []
    if (edit.type === 'replace') return edit.step === step ? [`→ ${edit.token}`] : []
    const { from = 0, to = Infinity, value } = edit
    const layer = layerOf(edit, trace)
    if (layer.receptiveFields || step < from || step > to) return []
    return [`${symbolFor(cellOf(layer), edit.type === 'gate' ? edit.gate : edit.state)} = ${short(value, 2)}`]
  })
  return parts.length > 2 ? `${parts.length} edits` : parts.join(', ') || '\u00a0'
}

export interface Preset {
  title: string
  /** What it does. */
  help: string
  edits: Edit[]
}

/** The edits that one click makes at one step; of the text alone where layers differ in their steps or cells. */
export function presets(info: ModelInfo, step: number, uniform: boolean): Preset[] {
  const { keepGate, settings } = info
  const drop: Preset = {
    title: 'Drop this token',
    help: 'the text without it',
    edits: [{ type: 'drop', step }],
  }
  if (!uniform) return [drop]
  if (!keepGate) {
    const edits: Edit[] = [{ type: 'state', state: 'hidden', value: 0, from: step, to: step }]
    return [{ title: 'Forget everything here', help: 'h = 0 after this step', edits }, drop]
  }
  const letter = symbolFor(settings.cell, keepGate)
  const clamp = (value: number, place: EditPlace): Edit => ({ type: 'gate', gate: keepGate, value, ...place })
  const state = settings.cell === 'lstm' ? 'c' : 'h'
  return [
    {
      title: 'Forget everything here',
      help: `${letter} = 0 at this step: ${state} keeps 0 % of the past`,
      edits: [clamp(0, { from: step, to: step })],
    },
    drop,
    {
      title: 'Never forget',
      help: `${letter} = 1 at every step: ${state} keeps 100 % of the past${state === 'h' ? ' and writes nothing new' : ''}`,
      edits: [clamp(1, {})],
    },
  ]
}

/** Parses "all", "3" or "0, 4, 8-11" as unit numbers; undefined: all; null: invalid. */
export function readUnits(text: string): number[] | undefined | null {
  const clean = text.trim().toLowerCase()
  if (clean === '' || clean === 'all') return undefined
  const units: number[] = []
  for (const part of clean.split(/[\s,;]+/).filter(Boolean)) {
    const match = /^(\d{1,5})(?:[-–](\d{1,5}))?$/.exec(part)
    if (!match) return null
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])]
    for (let unit = from; unit <= to && units.length < 4096; unit++) units.push(unit)
  }
  return units.length ? [...new Set(units)] : null
}
