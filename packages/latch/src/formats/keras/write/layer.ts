/** A layer on its way into a Keras file: class, options, and the arrays that it keeps under its path. */

/** A parameter of the network by its name, native. */
export type ReadParameter = (name: string) => Float32Array

/** An array of a layer, made when it is written. */
export interface OutArray {
  /** Below the layer: `cell/vars/0`. */
  path: string
  shape: readonly number[]
  values(read: ReadParameter): Float32Array
}

/** A layer as Keras 3 has it. */
export interface OutLayer {
  type: string
  config: Record<string, unknown>
  arrays: readonly OutArray[]
  /** Numbers of the layers below, where it is not the one before. */
  inputs?: readonly number[]
}

/** An object as Keras 3 serialises it. */
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

/** A layer's output as the call of another one takes it. */
export function kerasTensor(name: string): object {
  const config = { shape: [null, null], dtype: 'float32', keras_history: [name, 0, 0] }
  return { class_name: '__keras_tensor__', config }
}
