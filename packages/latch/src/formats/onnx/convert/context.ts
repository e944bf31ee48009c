/**
 * What all nodes of a conversion share (which axis is time, whether the batch has lengths, what was noticed), and one
 * node with its attributes, as the functions that convert it see it.
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
  /** Whether the graph is given lengths: then padding must not matter. */
  readonly ragged: boolean
  readonly warnings = new Set<string>()
  /** Sequences of a batch, where a constant state has their number built in. */
  sequences: number | null = null
  /** Steps whose id is 0 are masked. */
  maskZero = false
  #time: Axis['role'] | null = null

  constructor(source: string, opset: number, ragged: boolean) {
    this.source = source
    this.opset = opset
    this.ragged = ragged
  }

  /** Which axis of the input is time; null where nothing said so. */
  get time(): Axis['role'] | null {
    return this.#time
  }

  /** Takes an axis of the input for time; false where another one was taken before. */
  takeTime(role: Axis['role']): boolean {
    if (role !== 'input 0' && role !== 'input 1') return false
    this.#time ??= role
    return this.#time === role
  }
}

/** Converts one operator. */
export type Convert = (at: NodeConverter, inputs: readonly Value[]) => Value | readonly Value[]

/** A node that is converted. */
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

  /** Whole numbers from an attribute (older opsets) or a constant input; null where neither is given. */
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

  /** Input `index`, which has to be a sequence on its way through layers. */
  sequence(inputs: readonly Value[], index = 0): SequenceValue {
    const value = inputs[index]
    if (value?.kind === 'sequence') return value
    throw this.unsupported('the output of a layer', value ? describeValue(value) : `no input ${index}`)
  }

  /** As `flow`, for what works on each row: masked steps no longer matter, and the last axis is the row. */
  rows(inputs: readonly Value[], index = 0): SequenceValue {
    const sequence = this.sequence(inputs, index)
    if (sequence.fill?.mask === 'last') throw this.unsupported('all steps', 'only the last ones')
    const { fill, ...rest } = sequence
    if (fill?.mask !== 'counted') return rest
    if (fill.value !== 0) throw this.unsupported('masked steps of zeros', `of ${fill.value}`)
    return { ...rest, tip: above(sequence.tip, { type: 'zeroMasked' }, this.node) }
  }

  /** Width of the last axis, which has to be the features. */
  width({ axes }: SequenceValue): number {
    const last = axes[axes.length - 1]
    if (last?.role === 'feature' && !last.size.symbols.length) return last.size.factor
    throw this.unsupported('features on the last axis', describeAxes(axes))
  }

  /** The flow with another layer on top. */
  over(sequence: SequenceValue, tip: IrNode): SequenceValue {
    return { kind: 'sequence', axes: sequence.axes, tip }
  }
}

function isListOf(type: 'number' | 'string') {
  return (value: OnnxAttribute) =>
    Array.isArray(value) && value.every((item: unknown) => typeof item === type)
}

/** The shortest number that is this float32: 0.3 and not 0.30000001192092896. */
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

/** `(input 0, direction 2, input 1, feature 5)` */
export function describeAxes(axes: readonly Axis[]): string {
  const names = axes.map(({ role, size }) => (size.symbols.length ? role : `${role} ${size.factor}`))
  return `(${names.join(', ')})`
}
