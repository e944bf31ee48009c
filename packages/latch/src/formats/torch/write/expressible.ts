/** Checks that PyTorch's modules support a network. */
import { genericCells, takesOption } from '../../../cells/registry.ts'
import { getClassName, classNames } from '../../gateOrders.ts'
import { exportAs } from '../../fixes.ts'
import { sameActivation, type ActivationChoice } from '../../../cells/activations.ts'
import { hasZoneout } from '../../../layers/regularisation/zoneoutRates.ts'
import { isWindowed, windowsOf } from '../../../layers/windows/windowed.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../../model/config.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { describe } from '../../../core/validation.ts'
import { layerNames } from '../../../layers/names.ts'

/** @throws UnsupportedError naming the layer and the option that PyTorch's modules do not support */
export function assertExpressible(layers: readonly LayerOptions[]): void {
  const names = layerNames(layers)
  for (const [i, layer] of layers.entries()) {
    const reason = reasonAgainst(layer)
    if (!reason) continue
    const [expected, got] = reason
    throw new UnsupportedError({
      where: `export to PyTorch, ${names[i]}`,
      expected,
      got,
      fix: exportAs('onnx'),
    })
  }
}

type Reason = readonly [expected: string, got: string]

function reasonAgainst(layer: LayerOptions): Reason | null {
  const noMasks = 'no masked steps: PyTorch supports lengths, not masks'
  if (layer.type === 'masking' || layer.type === 'zeroMasked') return [noMasks, layer.type]
  if (isWindowed(layer) && !windowsOf(layer.type, layer).sides)
    return ["padding that does not depend on a sequence's length", "padding 'same' with a stride above 1"]
  if (layer.type === 'embedding' && layer.maskZero) return [noMasks, 'maskZero']
  return layer.type === 'recurrent' ? againstCell(layer) : null
}

function againstCell(layer: RecurrentOptions): Reason | null {
  const { cell, activation = 'tanh', gateActivation = 'sigmoid', stateActivation = activation } = layer
  const className = getClassName('torch', cell)
  if (!className) return [`a module among ${classNames('torch').join(', ')}`, `cell ${cell}`]
  if (hasZoneout(layer)) return ['a cell without zoneout', 'zoneout']
  if (layer.reset === 'before') return [`reset after, as in nn.${className}`, 'reset before']
  if (layer.peepholes) return ['a cell without peepholes', 'peepholes']
  if (layer.coupled) return ['a cell with a separate forget gate', 'coupled gates']
  if (layer.clip !== undefined) return ['pre-activations without clipping', `clip ${layer.clip}`]
  const allowed: readonly ActivationChoice[] = takesOption(genericCells, cell, 'gateActivation')
    ? ['tanh']
    : ['tanh', 'relu']
  if (!allowed.some((name) => sameActivation(name, activation)))
    return [`activation ${allowed.join(' or ')} in nn.${className}`, named(activation)]
  if (!sameActivation(gateActivation, 'sigmoid')) return ['gates with sigmoid', named(gateActivation)]
  if (takesOption(genericCells, cell, 'stateActivation') && !sameActivation(stateActivation, 'tanh'))
    return ['tanh of the cell state', named(stateActivation)]
  const { backward } = layer
  const same =
    sameActivation(backward?.activation ?? activation, activation) &&
    sameActivation(backward?.gateActivation ?? gateActivation, gateActivation) &&
    sameActivation(backward?.stateActivation ?? stateActivation, stateActivation)
  return same ? null : ['the same activations in both directions', 'different ones']
}

function named(choice: ActivationChoice): string {
  return typeof choice === 'string' ? choice : `${choice.type} ${describe(choice.alpha)}`
}
