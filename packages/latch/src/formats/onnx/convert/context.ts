/**
 * The state shared by all nodes of a conversion (the time axis, whether the batch has lengths, warnings), and the node
 * that a converter receives, with its attributes.
 */
import { UnsupportedError } from '../../../core/errors.ts'
import { describePlace, type OnnxAttribute, type OnnxNode } from '../graph.ts'
import { wholeNumbers, type Axis, type SequenceValue, type Value } from './values.ts'
import { above } from './model.ts'
import type { IrNode } from './nodes.ts'

/** The conversion of one graph. */
export class ConversionContext {
  readonly source: string
  readonly opset: number
  /** Whether the graph has an input of lengths; padding must then not affect the result. */
  readonly ragged: boolean
  readonly warnings = new Set<string>()
  /** The batch size, if the shape of a constant initial state fixes it. */
  sequences: number | null = null
  /** Whether steps with id 0 are masked. */
  maskZero = false
  #time: Axis['role'] | null = null
  readonly #numbers = new Map<string, IrNode>()
  readonly #turned = new Map<IrNode, IrNode>()

  constructor(source: string, opset: number, ragged: boolean) {
    this.source = source
    this.opset = opset
    this.ragged = ragged
  }

  /** The time axis of the input; null until an operator determines it. */
  get time(): Axis['role'] | null {
    return this.#time
  }

  /** An input (batch, time) as numbers of one feature. */
  numbersOf(input: string): IrNode {
    const known = this.#numbers.get(input)
    if (known) return known
    const made: IrNode = { layer: { type: 'features', input, width: 1 }, below: null, node: null }
    this.#numbers.set(input, made)
    return made
  }

  /** What lies above a node when its steps and features change places: one layer, however many operators read it. */
  turned(tip: IrNode, make: () => IrNode): IrNode {
    const known = this.#turned.get(tip)
    if (known) return known
    const made = make()
    this.#turned.set(tip, made)
    return made
  }

  /** Declares an axis to be time. Returns false if it is not an axis of the input, or if the other one is time. */
  takeTime(role: Axis['role']): boolean {
    if (role !== 'input 0' && role !== 'input 1') return false
    this.#time ??= role
    return this.#time === role
  }
}

/** The axes; where the one of a single feature is gone, an axis of size 1 at the end is that. */
export function withFeature(axes: readonly Axis[]): readonly Axis[] {
  const last = axes[axes.length - 1] as Axis | undefined
  if (last?.role !== 'one' || axes.some(({ role }) => role === 'feature' || role === 'merged')) return axes
  return [...axes.slice(0, -1), { role: 'feature', size: last.size }]
}

/** Converts one operator. */
export type Convert = (at: NodeConverter, inputs: readonly Value[]) => Value | readonly Value[]

/** A node to be converted. */
export class NodeConverter {
  readonly node: OnnxNode
  readonly context: ConversionContext

  constructor(context: ConversionContext, node: OnnxNode) {
    this.context = context
    this.node = node
  }

  get opset(): number {
    return this.context.opset
  }

  unsupported(expected: string, got: string): UnsupportedError {
    const where = describePlace(this.context.source, this.node)
    return new UnsupportedError({ where, expected, got })
  }

  int(name: string, absent: number): number {
    return this.#read(name, (value) => typeof value === 'number', absent) as number
  }

  float(name: string, absent: number): number {
    return asWritten(this.int(name, absent))
  }

  text(name: string, absent: string): string {
    return this.#read(name, (value) => typeof value === 'string', absent) as string
  }

  list(name: string): readonly number[] | null {
    return this.#read(name, isListOf('number'), null) as readonly number[] | null
  }

  texts(name: string): readonly string[] | null {
    return this.#read(name, isListOf('string'), null) as readonly string[] | null
  }

  #read<T>(name: string, fits: (value: OnnxAttribute) => boolean, absent: T): OnnxAttribute | T {
    const value = this.node.attributes.get(name)
    if (value === undefined) return absent
    if (fits(value)) return value
    throw this.unsupported(`an attribute '${name}' of its kind`, 'another one')
  }

  /** Integers from an attribute (older opsets) or a constant input; null if neither is given. */
  numbers(attribute: string, input: Value | undefined): number[] | null {
    const given = this.list(attribute)
    if (given) return [...given]
    if (!input || input.kind === 'absent') return null
    const numbers = wholeNumbers(input)
    if (numbers) return numbers
    throw this.unsupported(`${attribute} that are constant`, describeValue(input))
  }

  axis(axis: number, rank: number): number {
    const at = axis < 0 ? axis + rank : axis
    if (Number.isInteger(at) && at >= 0 && at < rank) return at
    throw this.unsupported(`an axis of ${rank}`, `${axis}`)
  }

  /** Inputs (batch, time) of floats are ids only where a table is read. */
  asNumbers(value: Value): Value
  asNumbers(value: Value | undefined): Value | undefined
  asNumbers(value: Value | undefined): Value | undefined {
    if (value?.kind !== 'ids' || !value.floats) return value
    return { kind: 'sequence', tip: this.context.numbersOf(value.input), axes: value.axes }
  }

  /** Input `index`. @throws UnsupportedError unless it is a sequence */
  sequence(inputs: readonly Value[], index = 0): SequenceValue {
    const value = this.asNumbers(inputs[index])
    if (value?.kind === 'sequence') return { ...value, axes: withFeature(value.axes) }
    throw this.unsupported('the output of a layer', value ? describeValue(value) : `no input ${index}`)
  }

  /** As `sequence`, for operators that work on each row. Zeros at masked steps become a layer of their own. */
  rows(inputs: readonly Value[], index = 0): SequenceValue {
    const sequence = this.sequence(inputs, index)
    if (sequence.fill?.mask === 'last') throw this.unsupported('all steps', 'only the last ones')
    const { fill, ...rest } = sequence
    if (fill?.mask !== 'counted') return rest
    if (fill.value !== 0) throw this.unsupported('masked steps of zeros', `of ${fill.value}`)
    return { ...rest, tip: above(sequence.tip, { type: 'zeroMasked' }, this.node) }
  }

  /** The width of the last axis. @throws UnsupportedError unless it is the feature axis */
  width({ axes }: SequenceValue): number {
    const last = axes[axes.length - 1]
    if (last?.role === 'feature' && !last.size.symbols.length) return last.size.factor
    throw this.unsupported('features on the last axis', describeAxes(axes))
  }

  /** The sequence with `tip` as its last layer. */
  over(sequence: SequenceValue, tip: IrNode): SequenceValue {
    return { kind: 'sequence', axes: sequence.axes, tip }
  }
}

function isListOf(type: 'number' | 'string') {
  return (value: OnnxAttribute) =>
    Array.isArray(value) && value.every((item: unknown) => typeof item === type)
}

/** The shortest decimal number that rounds to this float32: 0.3, not 0.30000001192092896. */
export function asWritten(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}

/** Describes a value, for errors. */
export function describeValue(value: Value): string {
  switch (value.kind) {
    case 'constant':
      return `a constant of shape (${value.tensor.shape.join(', ')})`
    case 'sequence':
      return `${value.tip.layer.type === 'pattern' ? value.tip.layer.what : `the output of ${value.tip.layer.type}`}, ${describeAxes(value.axes)}`
    case 'stack':
      return 'states of several layers'
    case 'state':
      return `the state input ${value.name}`
    case 'absent':
      return 'nothing'
    default:
      return value.kind
  }
}

/** Describes axes, for errors: `(input 0, direction 2, input 1, feature 5)`. */
export function describeAxes(axes: readonly Axis[]): string {
  const names = axes.map(({ role, size }) => (size.symbols.length ? role : `${role} ${size.factor}`))
  return `(${names.join(', ')})`
}
