/** Losses of numbers, by PyTorch's definitions: squared, absolute, Huber (1964) and smooth L1 (Girshick 2015). */
import type { Pointer } from '../../engine/kernels.ts'
import { fieldAt, fieldError, readNumber, type Field } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { oneOf, optional, readFields, type FieldReaders } from '../fields.ts'
import { capacityOf, rowsOf, type Capacity, type Context, type Edge } from '../layer.ts'
import {
  classReaders,
  readValues,
  scaled,
  type GradientOf,
  type Loss,
  type LossDefinition,
  type LossOptions,
  type LossValue,
  type Targets,
} from '../loss.ts'

/** d², |d|, and both: d²/2 where |d| ≤ δ, else δ·(|d| − δ/2); smooth L1 is that divided by δ. */
type Kind = 0 | 1 | 2

const LEAST_DELTA = 1e-12
const readDelta = (field: Field) => readNumber(field, { min: LEAST_DELTA })

export const meanSquaredErrorLoss = /* @__PURE__ */ definition(
  'meanSquaredError',
  { delta: readDelta },
  () => [0, 1],
)
export const meanAbsoluteErrorLoss = /* @__PURE__ */ definition(
  'meanAbsoluteError',
  { delta: readDelta },
  () => [1, 1],
)
export const huberLoss = /* @__PURE__ */ definition('huber', { delta: readDelta }, (options) => [
  2,
  options.delta ?? 1,
])

/** Smooth L1; β = 0 is the absolute error. */
export const smoothL1Loss = /* @__PURE__ */ definition(
  'smoothL1',
  { beta: (field) => readNumber(field, { min: 0 }) },
  ({ beta = 1 }) => (beta < LEAST_DELTA ? [1, 1] : [2, beta, 1 / beta]),
)

/** `readers` read what may be absent; `rule`: the kernel's kind, its δ, and a factor. */
function definition(
  type: LossOptions['type'],
  readers: Record<string, (field: Field) => number>,
  rule: (options: LossOptions) => readonly [kind: Kind, delta: number, factor?: number],
): LossDefinition {
  return {
    type,
    read: (field) => read(type, readers, field),
    build: (context, options, output) => new RegressionLayer(context, options, output, ...rule(options)),
  }
}

function read(
  type: LossOptions['type'],
  readers: Record<string, (field: Field) => number>,
  field: Field,
): LossOptions {
  const own = Object.entries(readers).map(([name, reader]) => [name, optional(reader)])
  const options = readFields<LossOptions>(field, {
    type: oneOf(type),
    ...classReaders,
    ...(Object.fromEntries(own) as FieldReaders<LossOptions>),
  })
  for (const name of ['classWeights', 'labelSmoothing'] as const) {
    if (options[name]) throw fieldError(fieldAt(field, name), `nothing for ${type}, which has no classes`)
  }
  return options
}

class RegressionLayer implements Loss {
  readonly options: LossOptions
  readonly #context: Context
  readonly #output: Edge
  readonly #kind: Kind
  readonly #delta: number
  readonly #factor: number
  #targets: Pointer = 0

  constructor(context: Context, options: LossOptions, output: Edge, kind: Kind, delta: number, factor = 1) {
    this.options = options
    this.#context = context
    this.#output = output
    this.#kind = kind
    this.#delta = delta
    this.#factor = factor
  }

  over(edge: Edge): Loss {
    return new RegressionLayer(this.#context, this.options, edge, this.#kind, this.#delta, this.#factor)
  }

  plan(capacity: Capacity): void {
    const floats = capacityOf(this.#output, capacity) * this.#output.width
    this.#targets = this.#context.engine.memory.floats(floats, 'targets')
  }

  compute(batch: PackedBatch, targets: Targets, gradient: GradientOf): LossValue {
    const { kernels, engine } = this.#context
    const { value, width, stride, gradient: dx } = this.#output
    const rows = rowsOf(this.#output, batch)
    const wanted = engine.memory.viewFloats(this.#targets, rows * width)
    readValues(this.options.type, this.#output, batch, targets.values, wanted)
    return scaled(rows * width, gradient, (scale) =>
      kernels.regressionLoss(
        gradient ? dx : 0,
        value,
        this.#targets,
        rows,
        width,
        stride,
        this.#kind,
        this.#delta,
        scale * this.#factor,
      ),
    )
  }
}
