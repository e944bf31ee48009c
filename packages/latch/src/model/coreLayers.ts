/** Layers of networks that are read from JSON without an import: what a text classifier is made of, and features. */
import { cells } from '../cells/registry.ts'
import type { LayerInfo } from '../layers/definition.ts'
import { tiedDenseLayer } from '../layers/dense.ts'
import { anyDropoutLayer } from '../layers/regularisation/lockedDropout.ts'
import { regularisation } from '../layers/regularisation/recurrentOptions.ts'
import { anyEmbeddingLayer } from '../layers/embedding.ts'
import { featuresLayer } from '../layers/features.ts'
import { flattenLayer } from '../layers/flatten.ts'
import { anyOneHotLayer } from '../layers/oneHot.ts'
import { poolLayer } from '../layers/pooling/pool.ts'
import { recurrentLayer } from '../layers/recurrent/definition.ts'

/** Layers that the engine's kernels compute: for `networkFromConfig`. `allLayers` has all others too. */
export const coreLayers: readonly LayerInfo[] = [
  anyEmbeddingLayer,
  anyOneHotLayer,
  featuresLayer,
  /* @__PURE__ */ recurrentLayer(cells, regularisation),
  anyDropoutLayer,
  poolLayer,
  flattenLayer,
  tiedDenseLayer,
]
