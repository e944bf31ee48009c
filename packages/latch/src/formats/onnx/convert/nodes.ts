/**
 * Layers found in a graph, before they have names: Latch's layers, and patterns for what exporters write as several
 * operators (layer normalisation, GELU, attention). Every pattern must become a layer before the graph ends.
 */
import type { ActivationChoice } from '../../../cells/activations.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import type { MergeOperation } from '../../../layers/skips/merge.ts'
import type { PoolOptions } from '../../../layers/pooling/pool.ts'
import type { Conv1dOptions } from '../../../layers/windows/conv1d.ts'
import type { AveragePool1dOptions, MaxPool1dOptions } from '../../../layers/windows/localPool.ts'
import type { OnnxNode } from '../graph.ts'

/** A size: `factor` times the sizes of dynamic axes, by name. */
export interface Size {
  factor: number
  symbols: readonly string[]
}

/** One direction's weights in PyTorch's layout; null for a bias or peepholes that the layer does not have. */
export interface DirectionWeights {
  input: Float32Array
  hidden: Float32Array
  biasInput: Float32Array | null
  biasHidden: Float32Array | null
  peepholes: Float32Array | null
}

/** A recurrent operator. `of` is set while only one of its two directions is taken. */
export interface IrRecurrent {
  type: 'recurrent'
  options: RecurrentOptions
  directions: readonly DirectionWeights[]
  width: number
  of?: { irNode: IrNode; direction: number }
}

/** A pattern that is not a layer by itself. `base` is the node that it is computed from. */
export interface IrPattern {
  type: 'pattern'
  what:
    | 'error function'
    | 'row mean'
    | 'centred row'
    | 'squared centred row'
    | 'row variance'
    | 'row deviation'
    | 'power'
    | 'x + c·x³'
    | 'softmax over time'
    | 'weighted steps'
    | 'padded steps'
    | 'window of steps'
    | 'steps of zeros'
  base: IrNode
  value: number
  column?: Float32Array
  /** Of `steps of zeros`: before and after, around so many steps. */
  zeros?: { sides: readonly [before: number, after: number]; time: Size }
}

/** A layer. Input layers name the graph input that they read. */
export type IrLayer =
  | { type: 'embedding'; input: string; vocabulary: number; size: number; table: Float32Array }
  | { type: 'oneHot'; input: string; vocabulary: number }
  | { type: 'features'; input: string; width: number | null }
  | IrRecurrent
  | { type: 'pool'; pooling: PoolOptions['pooling']; column?: Float32Array }
  | { type: 'flatten'; steps: number }
  | {
      type: 'dense'
      units: number
      inputs: number
      weight: Float32Array
      bias: Float32Array | null
      diagonal?: true
    }
  | { type: 'activation'; activation: ActivationChoice | 'softmax' | 'logSoftmax' }
  | {
      type: 'layerNorm'
      epsilon: number
      width: number
      scale: Float32Array | null
      centre: Float32Array | null
    }
  | {
      type: 'batchNorm'
      epsilon: number
      momentum: number
      scale: Float32Array
      centre: Float32Array
      mean: Float32Array
      variance: Float32Array
    }
  | {
      type: 'conv1d'
      options: Conv1dOptions
      inputs: number
      weight: Float32Array
      bias: Float32Array | null
      /** Steps below. */
      time: Size
    }
  | { type: 'maxPool1d' | 'averagePool1d'; options: MaxPool1dOptions | AveragePool1dOptions }
  | { type: 'reverse' }
  | { type: 'masking'; value: number }
  | { type: 'zeroMasked' }
  | { type: 'concat'; inputs: readonly IrNode[] }
  | { type: 'merge'; operation: MergeOperation; inputs: readonly IrNode[] }
  | { type: 'timeSoftmax' }
  | { type: 'permute'; steps: number }
  | { type: 'reshape'; steps: number; width: number }
  | { type: 'repeat'; steps: number }
  | IrPattern

/** A layer and the ones below it: one, or those that a layer joins (`inputs`), of which `below` is the last. */
export interface IrNode {
  layer: IrLayer
  below: IrNode | null
  /** The ONNX node that the layer was found at; null for an input. */
  node: OnnxNode | null
}
