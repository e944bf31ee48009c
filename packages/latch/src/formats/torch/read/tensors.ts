/** Tensors of a state_dict: floating-point tensors are weights, all others are buffers that no layer reads. */
import { FormatError } from '../../../core/errors.ts'
import { shapeText, type NamedTensor } from '../../safetensors/safetensors.ts'
import { quoted } from '../../safetensors/header.ts'

/** A tensor as float32. */
export interface TorchTensor {
  name: string
  shape: readonly number[]
  data: Float32Array
}

export function isFloat({ data }: NamedTensor): boolean {
  return data instanceof Float32Array || data instanceof Float64Array
}

/** The numbers of a floating-point tensor; null for any other. */
export function floats({ data }: NamedTensor): Float32Array | Float64Array | null {
  return data instanceof Float32Array || data instanceof Float64Array ? data : null
}

/** float64 is rounded to float32; half precision was widened while reading. */
export function float32(tensor: NamedTensor): TorchTensor {
  const { name, shape, data } = tensor
  return { name, shape, data: data instanceof Float32Array ? data : Float32Array.from(data as Float64Array) }
}

const PARAMETER = /(?:^|\.)(?:weight|bias)(?:_(?:ih|hh|hr)(?:_l\d+(?:_reverse)?)?)?$/

/**
 * Separates weights from buffers, which are empty or not floating-point: counters, masks, positions.
 * @throws FormatError for a weight of integers, booleans, 8-bit floats or complex numbers
 */
export function splitBuffers(
  tensors: readonly NamedTensor[],
  source: string,
): { weights: NamedTensor[]; buffers: NamedTensor[] } {
  const weights: NamedTensor[] = []
  const buffers: NamedTensor[] = []
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor
    if (!isFloat(tensor) && name.length < 1000 && PARAMETER.test(name))
      throw new FormatError({
        where: `${source}, tensor ${quoted(name)}`,
        expected: 'weights of F16, BF16, F32 or F64',
        got: `${dtype} of shape ${shapeText(shape)}`,
        remedy:
          'Save the model in float32: dequantize it in Python first, then `model.float().state_dict()`.',
      })
    if (isFloat(tensor) && !shape.includes(0)) weights.push(tensor)
    else buffers.push(tensor)
  }
  return { weights, buffers }
}
