/**
 * Validates edits and turns them into an edited sequence and overrides by layer, direction, units and steps.
 * Edits count steps in the sequence before all edits, overrides in the edited one.
 */
import { internalsOf, type Network } from '../../model/network.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { gateFunction } from '../../cells/cell.ts'
import type { Override } from '../../layers/recurrent/overrides.ts'
import type { RecurrentLayer } from '../../layers/recurrent/recurrent.ts'
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { DropToken, Edit, EditPlace, SetGate, ReplaceToken, SetState } from './editTypes.ts'
import type { EncodedInput, ResolvedSubject } from '../trace/subject.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

const PLACE: Names<EditPlace> = { layer: 1, direction: 1, units: 1, from: 1, to: 1 }
const NAMES: { readonly [T in Edit['type']]: Names<Extract<Edit, { type: T }>> } = {
  gate: { type: 1, gate: 1, value: 1, ...PLACE },
  state: { type: 1, state: 1, value: 1, ...PLACE },
  drop: { type: 1, step: 1 },
  replace: { type: 1, step: 1, token: 1 },
}

/** The result of applying edits. */
export interface AppliedEdits {
  overrides: Override[]
  /** For each step of the edited sequence, its step in the original. */
  steps: number[]
  /** Replaced tokens by their step in the original. */
  replaced: Map<number, { id: number; token: string; known: boolean }>
}

type TextEdit = DropToken | ReplaceToken

/** @throws UsageError naming the edit by its index, for a place, step, token or value that does not exist */
export function applyEdits(
  subject: ResolvedSubject,
  encode: ((word: string) => EncodedInput) | null,
  edits: readonly Edit[],
): AppliedEdits {
  const T = subject.batch.steps
  const replaced: AppliedEdits['replaced'] = new Map()
  const dropped = new Set<number>()
  edits.forEach((edit, i) => {
    const where = `intervene, edit ${i}`
    requireKnown(where, edit)
    assertKnownOptions(where, edit, NAMES[edit.type])
    if (edit.type !== 'drop' && edit.type !== 'replace') return
    requireStep(where, 'step', edit.step, T)
    throwDuplicateEdit(where, edit, dropped, replaced)
    if (edit.type === 'drop') dropped.add(edit.step)
    else replaced.set(edit.step, readToken(where, subject, encode, edit.token))
  })
  const steps = Array.from({ length: T }, (_, t) => t).filter((t) => !dropped.has(t))
  if (steps.length === 0) {
    throwInvalid('intervene', 'at least one token left', `edits that drop all ${T}`)
  }
  const overrides = edits.flatMap((edit, i) =>
    edit.type === 'gate' || edit.type === 'state'
      ? buildOverrides(`intervene, edit ${i}`, subject, edit, steps)
      : [],
  )
  return { overrides, steps, replaced }
}

function throwInvalid(where: string, expected: string, got: string, remedy?: string): never {
  throw new UsageError({ where, expected, got, remedy })
}

function requireKnown(where: string, edit: Edit): void {
  const types = ['gate', 'state', 'drop', 'replace']
  if (typeof edit === 'object' && edit !== null && types.includes(edit.type)) return
  const got = typeof edit === 'object' && edit !== null ? describe((edit as Edit).type) : describe(edit)
  throwInvalid(where, `an edit with a type (${types.join(', ')})`, got)
}

function requireStep(where: string, name: string, step: number, T: number): void {
  if (Number.isInteger(step) && step >= 0 && step < T) return
  throwInvalid(`${where} ${name}`, `a step of the text, 0 to ${T - 1}`, describe(step))
}

function throwDuplicateEdit(
  where: string,
  { step }: TextEdit,
  dropped: ReadonlySet<number>,
  replaced: ReadonlyMap<number, unknown>,
): void {
  if (!dropped.has(step) && !replaced.has(step)) return
  throwInvalid(where, 'one edit per token', `a second edit of step ${step}`)
}

function readToken(
  where: string,
  { network, ids }: ResolvedSubject,
  encode: ((word: string) => EncodedInput) | null,
  token: string | number,
): { id: number; token: string; known: boolean } {
  const [input] = network.config.layers
  if (!ids || !('vocabulary' in input)) {
    throwInvalid(
      where,
      'a network that reads token ids',
      `one that reads ${input.type}`,
      'Features cannot be replaced. Pass another batch instead.',
    )
  }
  if (typeof token === 'string') return readWord(where, encode, token)
  if (Number.isInteger(token) && token >= 0 && token < input.vocabulary) {
    return { id: token, token: `#${token}`, known: true }
  }
  throwInvalid(`${where} token`, `a word, or an id from 0 to ${input.vocabulary - 1}`, describe(token))
}

function readWord(where: string, encode: ((word: string) => EncodedInput) | null, word: string) {
  if (!encode) {
    throwInvalid(
      `${where} token`,
      'a token id',
      JSON.stringify(word),
      'A network has no vocabulary. Pass the model instead.',
    )
  }
  const read = word.trim() === '' ? null : encode(word)
  const first = read?.padding ?? 0
  const count = read ? read.steps - first - (read.paddingAfter ?? 0) : 0
  if (read?.ids && count === 1) {
    return { id: read.ids[first], token: read.tokens[first], known: read.known[first] }
  }
  const got = `${JSON.stringify(word)}, which is ${count} tokens`
  return throwInvalid(`${where} token`, 'one token', got)
}

/** The overrides of one edit, one for each layer and direction. */
function buildOverrides(
  where: string,
  { network, batch }: ResolvedSubject,
  edit: SetGate | SetState,
  steps: readonly number[],
): Override[] {
  return placesOf(where, internalsOf(network).recurrent, edit).map(({ layer, direction }) => {
    const below = layerSteps(network, batch, layer)
    const range = below.changed
      ? rangeOfChanged(where, edit, below.steps, { dropped: steps.length < batch.steps, name: layer.name })
      : rangeOf(where, edit, batch.steps, steps)
    const { value } = edit
    const what = edit.type === 'gate' ? gateOf(where, layer, direction, edit) : stateOf(where, layer, edit)
    return { layer: layer.name, direction, what, units: unitsOf(where, layer, edit), ...range, value }
  })
}

/** How many steps a layer has, and whether layers below change their number. */
function layerSteps(network: Network, batch: PackedBatch, layer: RecurrentLayer) {
  const { layers } = internalsOf(network)
  const below = layers.slice(0, layers.indexOf(layer))
  const own = below.reduce((from, { timeline }) => timeline?.of(from) ?? from, batch)
  return { steps: own.steps, changed: below.some(({ timeline }) => timeline) }
}

/** From and to, in the edited sequence. */
function rangeOf(where: string, edit: EditPlace, T: number, steps: readonly number[]) {
  const { from, to } = checkedRange(where, edit, T)
  const kept = steps.flatMap((before, after) => (before >= from && before <= to ? [after] : []))
  if (kept.length === 0)
    throwInvalid(where, 'a step that is not dropped', `steps ${from} to ${to}, all dropped`)
  return { from: kept[0], to: kept[kept.length - 1] }
}

/** @throws UsageError where tokens are dropped: which of the layer's steps are then the same ones is not defined */
function rangeOfChanged(
  where: string,
  edit: EditPlace,
  T: number,
  { dropped, name }: { dropped: boolean; name: string },
) {
  if (!dropped) return checkedRange(where, edit, T)
  return throwInvalid(
    where,
    'no dropped token',
    `an edit of ${name}, whose steps cover several tokens`,
    'Replace tokens in place of dropping them, or edit gates and states by themselves.',
  )
}

function checkedRange(where: string, { from = 0, to }: EditPlace, T: number) {
  const last = to ?? T - 1
  requireStep(where, 'from', from, T)
  requireStep(where, 'to', last, T)
  if (last < from) throwInvalid(`${where} to`, `a step from ${from} on`, `${last}`)
  return { from, to: last }
}

function placesOf(
  where: string,
  layers: readonly RecurrentLayer[],
  { layer: recurrentLayer, direction }: EditPlace,
) {
  if (recurrentLayer !== undefined && !layers[recurrentLayer]) {
    throwInvalid(
      `${where} layer`,
      `a recurrent layer from 0 to ${layers.length - 1}`,
      describe(recurrentLayer),
    )
  }
  if (direction !== undefined && direction !== 'forward' && direction !== 'backward') {
    throwInvalid(`${where} direction`, "'forward' or 'backward'", describe(direction))
  }
  const places = (recurrentLayer === undefined ? layers : [layers[recurrentLayer]]).flatMap((layer) =>
    layer.loops.flatMap(({ reversed }, d) => {
      const wanted = direction === undefined || reversed === (direction === 'backward')
      return wanted ? [{ layer, direction: d }] : []
    }),
  )
  if (places.length > 0) return places
  return throwInvalid(`${where} direction`, 'a direction that the layer reads', `${direction}`)
}

function gateOf(
  where: string,
  { loops, name }: RecurrentLayer,
  direction: number,
  { gate, value }: SetGate,
): Override['what'] {
  const { cell } = loops[direction]
  if (!cell.gateNames.includes(gate)) {
    throwInvalid(
      `${where} gate`,
      `one of ${cell.gateNames.join(', ')} (${cell.name}, ${name})`,
      describe(gate),
    )
  }
  const derived = cell.derivedGates?.[gate]
  if (derived) {
    throwInvalid(
      `${where} gate`,
      `a gate with weights of its own (${name})`,
      `${gate}, which is ${derived.equation} here`,
      derived.remedy,
    )
  }
  const { type, alpha, beta } = gateFunction(cell, gate)
  const limits = type === 'hardTanh' ? [alpha, beta] : [-Infinity, Infinity]
  const [least, most] = Object.hasOwn(RANGES, type) ? RANGES[type] : limits
  if (Number.isFinite(value) && value >= least && value <= most) return { gate }
  const open = least > -Infinity ? `a number from ${least}` : 'a finite number'
  const range = most < Infinity ? `${open} to ${most}` : `${open} (${type})`
  return throwInvalid(`${where} value`, `${range} for ${gate}`, describe(value))
}

/** Ranges of the functions that are bounded. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  sigmoid: [0, 1],
  hardSigmoid: [0, 1],
  tanh: [-1, 1],
  softsign: [-1, 1],
  relu: [0, Infinity],
  softplus: [0, Infinity],
  exponential: [0, Infinity],
  relu6: [0, 6],
}

function stateOf(
  where: string,
  { cell, name }: RecurrentLayer,
  { state, value }: SetState,
): Override['what'] {
  if (!cell.stateNames.includes(state)) {
    throwInvalid(
      `${where} state`,
      `one of ${cell.stateNames.join(', ')} (${cell.name}, ${name})`,
      describe(state),
    )
  }
  if (Number.isFinite(value)) return { state }
  return throwInvalid(`${where} value`, 'a finite number', describe(value))
}

function unitsOf(where: string, { units: H }: RecurrentLayer, { units }: EditPlace): readonly number[] {
  if (units === undefined) return Array.from({ length: H }, (_, j) => j)
  const wrong = units.find((unit) => !(Number.isInteger(unit) && unit >= 0 && unit < H))
  if (wrong === undefined && units.length > 0) return [...units]
  return throwInvalid(`${where} units`, `units from 0 to ${H - 1}`, units.length ? describe(wrong) : 'none')
}
