/**
 * One bias or two: a layer of Latch has the ones its configuration says, files have what their format knows. Keras has
 * one, PyTorch and ONNX have two; but for a GRU that resets after its product, only their sum counts.
 */
import { genericCells, takesOption } from '../cells/registry.ts'
import type { RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../model/config.ts'
import { FormatError } from '../core/errors.ts'
import { gateCount } from './gateOrders.ts'
import { layerName } from '../layers/names.ts'

/**
 * A file's weights for the layers of `layers`: where a layer has two biases and the file has one, the second becomes
 * zeros; where a layer has one, a second of the file is added to it.
 * @throws FormatError where that sum would not compute the same
 */
export function fitBiases(
  weights: ReadonlyMap<string, Float32Array>,
  layers: readonly LayerOptions[],
  source: string,
): Map<string, Float32Array> {
  const fitted = new Map(weights)
  layers
    .filter((layer) => layer.type === 'recurrent')
    .forEach((recurrentLayer, i) => {
      for (const suffix of ['', '_reverse'])
        fitLayer(fitted, recurrentLayer, layerName('recurrent', i), suffix, source)
    })
  return fitted
}

function fitLayer(
  weights: Map<string, Float32Array>,
  layer: RecurrentOptions,
  name: string,
  suffix: string,
  source: string,
): void {
  const [first, second] = [`${name}.bias_ih_l0${suffix}`, `${name}.bias_hh_l0${suffix}`]
  const [input, hidden] = [weights.get(first), weights.get(second)]
  const { bias = true } = layer
  if (!input || bias === false) return
  if (bias === true && !hidden) weights.set(second, new Float32Array(input.length))
  if (bias === true || !hidden) return
  assertAddable(layer, hidden, `${source}, ${second}`)
  weights.delete(second)
  if (hidden.some((value) => value !== 0))
    weights.set(
      first,
      input.map((value, k) => value + hidden[k]),
    )
}

/** A GRU's reset gate multiplies the candidate's second bias, which therefore cannot join the first. */
function assertAddable({ cell, reset, units }: RecurrentOptions, hidden: Float32Array, where: string): void {
  if (!takesOption(genericCells, cell, 'reset') || reset === 'before') return
  const candidate = hidden.subarray((gateCount(cell) - 1) * units)
  const found = candidate.find((value) => value !== 0)
  if (found === undefined) return
  const expected = 'zeros for the candidate, whose reset gate comes after: the model has one bias'
  throw new FormatError({ where, expected, got: `${found}` })
}
