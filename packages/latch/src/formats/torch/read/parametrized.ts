/**
 * Weights that a state_dict stores in parts: weight_norm, spectral_norm and pruning. They are folded into the weight
 * that the module uses in evaluation mode; any other parametrization is an error. Names and formulas: torch.nn.utils
 * (weight_norm, spectral_norm, prune) and torch.nn.utils.parametrizations.
 */
import { UnsupportedError } from '../../../core/errors.ts'
import { append } from '../../../core/lists.ts'
import { shapeText, type NamedTensor } from '../../safetensors/safetensors.ts'
import { quoted } from '../../safetensors/header.ts'
import { floats, isFloat } from './tensors.ts'

/** The tensors after folding, and notes about what was folded. */
export interface Folded {
  tensors: NamedTensor[]
  notes: string[]
}

/** The parts of one weight, by suffix. */
type Parts = ReadonlyMap<string, NamedTensor>

interface Kind {
  note: string
  /** Suffixes of the names; all must be present. */
  ends: readonly string[]
  fold(parts: readonly NamedTensor[], source: string): Float32Array
  /** Index of the part that has the shape of the weight. */
  shaped: number
}

const WEIGHT_NORM = {
  note: 'weight_norm folded: g·v/‖v‖',
  shaped: 1,
  fold: ([g, v]: readonly NamedTensor[], source: string) => scaleRows(g, v, source),
}
const SPECTRAL_NORM = {
  note: 'spectral_norm folded: W/(u·Wv)',
  shaped: 0,
  fold: ([w, u, v]: readonly NamedTensor[], source: string) => divideByNorm(w, u, v, source),
}

const KINDS: readonly Kind[] = [
  { ...WEIGHT_NORM, ends: ['_g', '_v'] },
  { ...SPECTRAL_NORM, ends: ['_orig', '_u', '_v'] },
  { note: 'pruning folded: W·mask', ends: ['_orig', '_mask'], fold: applyMask, shaped: 0 },
]
const PARAMETRIZED: readonly Kind[] = [
  { ...WEIGHT_NORM, ends: ['original0', 'original1'] },
  { ...SPECTRAL_NORM, ends: ['original', '0._u', '0._v'] },
]

const END = /^(.*(?:weight|bias)(?:_[ih][hr]_l\d{1,4}(?:_reverse)?|_[ih][hr])?)(_g|_v|_orig|_u|_mask)$/
const PARAMETRIZATION = /^((?:.*\.)?)parametrizations\.([^.]+)\.(.+)$/

/**
 * Folds all parametrized weights.
 * @throws UnsupportedError for any other parametrization, or for parts that do not fit each other
 */
export function foldParametrized(tensors: readonly NamedTensor[], source: string): Folded {
  const names = new Set(tensors.map(({ name }) => name))
  const groups = new Map<string, { parts: Map<string, NamedTensor>; kinds: readonly Kind[] }>()
  const plain: NamedTensor[] = []
  for (const tensor of tensors) {
    const { name } = tensor
    const nested = name.length > 2000 ? null : PARAMETRIZATION.exec(name)
    const [, whole, end] = nested
      ? [name, nested[1] + nested[2], nested[3]]
      : ((name.length > 2000 ? null : END.exec(name)) ?? [])
    if (whole === undefined || names.has(whole)) {
      plain.push(tensor)
      continue
    }
    const group = groups.get(whole) ?? { parts: new Map(), kinds: nested ? PARAMETRIZED : KINDS }
    group.parts.set(end!, tensor)
    groups.set(whole, group)
  }
  const notes = new Map<string, string[]>()
  for (const [name, { parts, kinds }] of groups) {
    const kind = kinds.find(({ ends }) => ends.length === parts.size && ends.every((end) => parts.has(end)))
    if (!kind) {
      if (kinds === PARAMETRIZED) throw unknownKind(name, parts, source)
      append(plain, parts.values())
      continue
    }
    const given = kind.ends.map((end) => parts.get(end)!)
    const data = kind.fold(given, source)
    plain.push({ name, shape: given[kind.shaped].shape, dtype: 'F32', data })
    notes.set(kind.note, [...(notes.get(kind.note) ?? []), name])
  }
  return { tensors: plain, notes: Array.from(notes, ([note, of]) => `${of.join(', ')}: ${note}`) }
}

function unknownKind(name: string, parts: Parts, source: string): UnsupportedError {
  const shown = [...parts.values()].slice(0, 4).map((part) => quoted(part.name))
  const parameter = name.slice(name.lastIndexOf('.') + 1)
  return new UnsupportedError({
    where: `${source}, tensor ${quoted(name)}`,
    expected: 'weight_norm, spectral_norm or no parametrization',
    got: shown.join(', '),
    remedy: `Remove it in Python before saving, with torch.nn.utils.parametrize.remove_parametrizations(module, ${JSON.stringify(parameter)}).`,
  })
}

function misfit(tensor: NamedTensor, expected: string, source: string): UnsupportedError {
  const got = `${tensor.dtype} of shape ${shapeText(tensor.shape)}`
  return new UnsupportedError({ where: `${source}, tensor ${quoted(tensor.name)}`, expected, got })
}

/** v·g/‖v‖, with the norm over all axes except the one that g keeps, or over all axes if g is a single number. */
function scaleRows(g: NamedTensor, v: NamedTensor, source: string): Float32Array {
  const [scale, data] = [floats(g), floats(v)]
  const kept = g.shape.findIndex((size) => size > 1)
  const fits = scale && (kept < 0 ? scale.length === 1 : v.shape[kept] === scale.length)
  if (!data) throw misfit(v, 'floating-point numbers', source)
  if (!fits || (g.shape.length > 0 && g.shape.length !== v.shape.length))
    throw misfit(g, `one number for each row or column of shape ${shapeText(v.shape)}`, source)
  const inner = kept < 0 ? data.length : v.shape.slice(kept + 1).reduce((a, b) => a * b, 1)
  const squares = new Float64Array(scale.length)
  const groupOf = (i: number) => Math.floor(i / inner) % scale.length
  for (let i = 0; i < data.length; i++) squares[groupOf(i)] += data[i] * data[i]
  const factors = squares.map((sum, k) => scale[k] / Math.sqrt(sum))
  return Float32Array.from(data, (x, i) => x * factors[groupOf(i)])
}

/** W/(uᵀWv), with rows along the first axis (PyTorch's default), or along the second if only that fits. */
function divideByNorm(w: NamedTensor, u: NamedTensor, v: NamedTensor, source: string): Float32Array {
  const [weight, left, right] = [floats(w), floats(u), floats(v)]
  if (!weight || w.shape.length < 2) throw misfit(w, 'floating-point numbers of two axes or more', source)
  const rows = w.shape[0]
  const fits = left?.length === rows && right?.length === weight.length / rows
  const turned = !fits && w.shape.length === 2 && left?.length === w.shape[1] && right?.length === rows
  if (!left || !right || (!fits && !turned)) throw misfit(u, `one number for each of ${rows} rows`, source)
  const [byRow, byColumn] = turned ? [right, left] : [left, right]
  let norm = 0
  for (let i = 0; i < weight.length; i++)
    norm += byRow[Math.floor(i / byColumn.length)] * weight[i] * byColumn[i % byColumn.length]
  return Float32Array.from(weight, (x) => x / norm)
}

function applyMask([w, mask]: readonly NamedTensor[], source: string): Float32Array {
  const weight = floats(w)
  if (!weight) throw misfit(w, 'floating-point numbers', source)
  if (`${mask.shape}` !== `${w.shape}`) throw misfit(mask, `shape ${shapeText(w.shape)}`, source)
  const kept = isFloat(mask) ? floats(mask)! : mask.data
  return Float32Array.from(weight, (x, i) => x * Number(kept[i]))
}
