/**
 * A node while its graph is opened. Attributes are read by name, type and default; an attribute that the operator does
 * not read is an error. Errors name the node's place in the graph.
 */
import type { ReadBudget } from '../../budget.ts'
import { DataError, FormatError, ShapeError, UnsupportedError } from '../../../core/errors.ts'
import {
  type OnnxAttribute,
  type OnnxDtype,
  type OnnxNode,
  type OnnxTensor,
  describePlace,
  getStorage,
} from '../graph.ts'

/** The inputs of a node in order; `undefined` for an optional one that is left out. */
export type Inputs = readonly (OnnxTensor | undefined)[]

/** Computes a node's outputs. */
export type Run = (inputs: Inputs) => readonly OnnxTensor[]

/** Reads a node's attributes when the graph is opened. @throws UnsupportedError, FormatError */
export type Operator = (node: GraphNode) => Run

/** Most numbers of one tensor, unless the graph is opened with a lower limit. */
export const MOST_NUMBERS = 2 ** 28
/** Limit on the product of the non-zero sizes of an empty tensor, as loops may still run over these axes. */
const MOST_EMPTY = 2 ** 24

const INTEGERS: ReadonlySet<OnnxDtype> = new Set([
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
])
const FLOATS: ReadonlySet<OnnxDtype> = new Set(['float32', 'float64', 'float16', 'bfloat16'])

export const isInteger = (dtype: OnnxDtype): boolean => INTEGERS.has(dtype)
export const isFloat = (dtype: OnnxDtype): boolean => FLOATS.has(dtype)

/** The number of elements of a shape. */
export const countElements = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1)

/** Formats a shape: `(2, 3)`. */
export const showShape = (shape: readonly number[]): string => `(${shape.join(', ')})`

/** A node to be opened. */
export class GraphNode {
  readonly node: OnnxNode
  readonly opset: number
  readonly where: string
  /** The value of an input that is known before the graph runs. */
  readonly constant: (input: number) => OnnxTensor | undefined
  readonly #known = new Set<string>()
  readonly #most: number
  readonly #budget: ReadBudget | undefined

  constructor(
    source: string,
    node: OnnxNode,
    opset: number,
    constants: ReadonlyMap<string, OnnxTensor>,
    most: number,
    budget?: ReadBudget,
  ) {
    this.#budget = budget

    this.node = node
    this.opset = opset
    this.where = describePlace(source, node)
    this.#most = most
    this.constant = (input) => constants.get(node.inputs[input] ?? '')
  }

  /** @throws FormatError unless there are `from` to `to` inputs and 1 to `outputs` outputs */
  expect(from: number, to: number, outputs = 1): void {
    const { inputs, outputs: made } = this.node
    const given = inputs.length
    // Of a list of inputs of any length, none is optional.
    const required = to === Infinity ? inputs : inputs.slice(0, from)
    const missing = required.findIndex((name) => name === '')
    if (given < from || given > to || missing >= 0) {
      const expected = from === to ? `${from} inputs` : `${from} to ${to === Infinity ? 'any' : to} inputs`
      throw this.broken(expected, missing >= 0 ? `no input ${missing}` : `${given}`)
    }
    if (made.length < 1 || made.length > outputs)
      throw this.broken(`1 to ${outputs} outputs`, `${made.length}`)
  }

  has(name: string): boolean {
    return this.node.attributes.has(name)
  }

  float(name: string, otherwise?: number): number {
    return this.#read(name, 'a number', (v) => typeof v === 'number', otherwise)
  }

  int(name: string, otherwise?: number): number {
    return this.#read(name, 'a whole number', (v) => typeof v === 'number' && Number.isInteger(v), otherwise)
  }

  /** Reads an attribute of 0 or 1 as a boolean. */
  flag(name: string, otherwise = false): boolean {
    const value = this.int(name, otherwise ? 1 : 0)
    if (value === 0 || value === 1) return value === 1
    throw this.broken(`0 or 1 for '${name}'`, `${value}`)
  }

  text(name: string, otherwise?: string): string {
    return this.#read(name, 'a text', (v) => typeof v === 'string', otherwise)
  }

  numbers(name: string, otherwise?: readonly number[]): readonly number[] {
    const isList = (v: OnnxAttribute) => Array.isArray(v) && v.every((x) => typeof x === 'number')
    return this.#read(name, 'a list of numbers', isList, otherwise)
  }

  texts(name: string, otherwise?: readonly string[]): readonly string[] {
    const isList = (v: OnnxAttribute) => Array.isArray(v) && v.every((x) => typeof x === 'string')
    return this.#read(name, 'a list of texts', isList, otherwise)
  }

  tensor(name: string, otherwise?: OnnxTensor): OnnxTensor {
    const isTensor = (v: OnnxAttribute) => typeof v === 'object' && 'dtype' in v
    return this.#read(name, 'a tensor', isTensor, otherwise)
  }

  /** Accepts attributes that have no effect here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name)
  }

  /** @throws UnsupportedError for an attribute that was not read */
  finish(): void {
    const strange = [...this.node.attributes.keys()].find((name) => !this.#known.has(name))
    if (strange === undefined) return
    const known = [...this.#known].join(', ') || 'none'
    throw this.unsupported(`a supported attribute of ${this.node.op} (${known})`, `'${strange}'`)
  }

  #read<T extends OnnxAttribute>(
    name: string,
    kind: string,
    fits: (value: OnnxAttribute) => boolean,
    otherwise?: T,
  ): T {
    this.#known.add(name)
    const value = this.node.attributes.get(name) ?? otherwise
    if (value === undefined) throw this.broken(`the attribute '${name}'`, 'none')
    if (fits(value)) return value as T
    throw this.broken(
      `${kind} for '${name}'`,
      typeof value === 'object' ? 'something else' : JSON.stringify(value),
    )
  }

  broken(expected: string, got: string): FormatError {
    return new FormatError({ where: this.where, expected, got })
  }

  unsupported(expected: string, got: string): UnsupportedError {
    return new UnsupportedError({ where: this.where, expected, got })
  }

  misshapen(expected: string, got: string): ShapeError {
    return new ShapeError({ where: this.where, expected, got })
  }

  wrong(expected: string, got: string): DataError {
    return new DataError({ where: this.where, expected, got })
  }

  /** Allocates a tensor of zeros. @throws ShapeError if it is too large */
  make(dtype: OnnxDtype, shape: readonly number[]): OnnxTensor {
    this.#check(shape)
    this.#budget?.spend('numbers', countElements(shape), this.where)
    return { dtype, shape, data: getStorage(dtype, countElements(shape)) }
  }

  /** Counts multiplications against the budget before they are done. @throws BudgetError */
  work(multiplications: number): void {
    this.#budget?.spend('multiplications', multiplications, this.where)
  }

  /** The same numbers in another shape. */
  reshape({ dtype, data }: OnnxTensor, shape: readonly number[]): OnnxTensor {
    this.#check(shape)
    if (countElements(shape) === data.length) return { dtype, shape, data }
    throw this.misshapen(`a shape of ${data.length} numbers`, showShape(shape))
  }

  #check(shape: readonly number[]): void {
    const count = countElements(shape)
    const empty = count === 0 ? countElements(shape.map((size) => size || 1)) : 0
    const whole = shape.every((size) => Number.isInteger(size) && size >= 0)
    if (whole && count <= this.#most && empty <= MOST_EMPTY) return
    throw this.misshapen(`a shape of at most ${this.#most.toLocaleString('en')} numbers`, showShape(shape))
  }

  /** Resolves an axis, counted from the end if negative. With `end` 1, one position after the last is allowed too. */
  axis(axis: number, rank: number, end = 0): number {
    const at = axis < 0 ? axis + rank + end : axis
    if (Number.isInteger(at) && at >= 0 && at < rank + end) return at
    throw this.misshapen(`an axis of ${rank + end}`, `${axis}`)
  }

  /** Resolves axes and sorts them. @throws ShapeError for repeats */
  axes(axes: Iterable<number>, rank: number): readonly number[] {
    const resolved = Array.from(axes, (axis) => this.axis(axis, rank)).sort((a, b) => a - b)
    if (new Set(resolved).size === resolved.length) return resolved
    throw this.misshapen('each axis once', showShape(resolved))
  }

  /** The integers of an input that holds sizes, axes or indices. */
  whole(tensor: OnnxTensor, what: string): readonly number[] {
    const { dtype, shape, data } = tensor
    if (isInteger(dtype) && shape.length <= 1) return Array.from(data)
    throw this.wrong(`${what} as a list of whole numbers`, `${dtype} of shape ${showShape(shape)}`)
  }

  /** The number of an input that must hold exactly one. */
  single({ data, shape }: OnnxTensor, what: string): number {
    if (data.length === 1) return data[0]
    throw this.misshapen(`one number for ${what}`, showShape(shape))
  }

  /** The common type of the inputs. @throws DataError if they differ or `fits` rejects the type */
  sameType(tensors: Inputs, fits: (dtype: OnnxDtype) => boolean = () => true): OnnxDtype {
    const types = tensors.filter((t) => t !== undefined).map((t) => t.dtype)
    if (types.every((type) => type === types[0]) && fits(types[0])) return types[0]
    throw this.wrong(`inputs of one type that ${this.node.op} takes`, types.join(' and '))
  }
}
