/** A network's weights as in a model file: PyTorch's names and layout, float32. */
import type { NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { internalsOf, type Network } from '../../model/network.ts'

export function weightTensors(network: Network): NamedTensor[] {
  const { store } = internalsOf(network)
  return store.all.map((parameter) => {
    const read = store.read(parameter)
    const data = read instanceof Float32Array ? read : Float32Array.from(read)
    return { name: parameter.name, shape: parameter.shape, dtype: 'F32', data }
  })
}
