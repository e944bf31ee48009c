/** The layers of a text classifier's network. */
import { cells } from '../../cells/registry.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { dropoutLayer } from '../../layers/dropout.ts'
import { embeddingLayer } from '../../layers/embedding.ts'
import { flattenLayer } from '../../layers/flatten.ts'
import { oneHotLayer } from '../../layers/oneHot.ts'
import { poolLayer } from '../../layers/pooling/pool.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'

/** The core layers for token ids; texts have no features. */
export const classifierLayers: readonly LayerInfo[] = [
  embeddingLayer,
  oneHotLayer,
  /* @__PURE__ */ recurrentLayer(cells),
  dropoutLayer,
  poolLayer,
  flattenLayer,
  denseLayer,
]
