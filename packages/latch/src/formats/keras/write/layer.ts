/** A layer of a Keras file to write: class, options, and the arrays under its path. */

/** Reads a parameter of the network by name, in native order. */
export type ReadParameter = (name: string) => Float32Array

/** An array of a layer, computed when it is written. */
export interface OutArray {
  /** Below the layer: `cell/vars/0`. */
  path: string
  shape: readonly number[]
  values(read: ReadParameter): Float32Array
}

/** A Keras 3 layer. */
export interface OutLayer {
  type: string
  config: Record<string, unknown>
  arrays: readonly OutArray[]
  /** Indices of the input layers, if they are not the previous layer. */
  inputs?: readonly number[]
  /** Of its output: rows, steps if it has them, width. Null where any number goes. */
  shape: readonly (number | null)[]
}

/** An object in Keras 3's serialized form. */
export interface KerasObject {
  module: string
  class_name: string
  config: Record<string, unknown>
  registered_name: null
}

const FLOAT32 = {
  module: 'keras',
  class_name: 'DTypePolicy',
  config: { name: 'float32' },
  registered_name: null,
}

/** A layer's object: trainable and in float32 unless its options say otherwise. */
export function kerasObject(type: string, config: Record<string, unknown>): KerasObject {
  const common = type === 'InputLayer' ? {} : { trainable: true, dtype: FLOAT32 }
  return { module: 'keras.layers', class_name: type, config: { ...common, ...config }, registered_name: null }
}

/** A layer's output as the input of another layer's call. Ids have the type of their input layer. */
export function kerasTensor(name: string, { type, config: { dtype }, shape }: OutLayer): object {
  const config = { shape, dtype: type === 'InputLayer' ? dtype : 'float32', keras_history: [name, 0, 0] }
  return { class_name: '__keras_tensor__', config }
}
