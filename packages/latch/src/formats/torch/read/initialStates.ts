/**
 * Learned initial states (nn.Parameter h0, c0). In Latch sequences begin with zeros, so such a tensor is an error, or a
 * warning if the modules are chosen without it. It is recognised by its size and its name or shape.
 */
import type { NamedTensor } from '../../safetensors/safetensors.ts'
import type { RecurrentModule, TorchModule } from './modules.ts'
import { floats } from './tensors.ts'

const NAME = /(?:^|[^a-z])(?:[hc]_?(?:0|init)|init\w*|initial\w*|hidden\w*|state\w*|start\w*|cell\w*|[hc]x)$/i

/** The tensors that are non-zero initial states of these modules. */
export function findInitialStates(
  tensors: readonly NamedTensor[],
  modules: readonly TorchModule[],
): NamedTensor[] {
  const recurrent = modules.filter((module) => module.kind === 'recurrent')
  return tensors.filter((tensor) => {
    const fits = recurrent.some((module) => fitsState(tensor, module))
    return fits && floats(tensor)!.some((x) => x !== 0)
  })
}

/**
 * Shapes: (units), (layers, units), (layers, 1, units), (1, 1, units); units of both directions may be concatenated.
 */
function fitsState(tensor: NamedTensor, module: RecurrentModule): boolean {
  const { shape, name } = tensor
  const data = floats(tensor)
  if (!data || shape.length === 0 || shape.length > 4) return false
  const directions = module.layers[0].length
  const states = module.layers.length * directions
  const widths = [module.units, module.output / directions]
  const fits = widths.some((width) => {
    const count = data.length / width
    return [1, directions, module.layers.length, states].includes(count) && shape.at(-1)! % width === 0
  })
  const shaped = shape.length === 3 && shape[1] === 1
  return fits && (shaped || NAME.test(name.slice(-60)))
}

/** Warnings about initial states that are omitted. */
export function initialStateNotes(
  tensors: readonly NamedTensor[],
  modules: readonly TorchModule[],
): string[] {
  return findInitialStates(tensors, modules).map(
    ({ name }) =>
      `the initial state ${name} is not read: the model begins with zeros, and its first steps give other numbers`,
  )
}
