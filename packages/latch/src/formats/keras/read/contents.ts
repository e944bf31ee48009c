/** What is in a Keras file that does not open: its layers with their arrays, or the arrays alone. */
import { UnsupportedError } from '../../../core/errors.ts'
import type { ImportOptions, ModelFiles } from '../../imported.ts'
import type { Hdf5Object } from '../hdf5/file.ts'
import { fileArray, type Listing } from '../../fileContents.ts'
import { listLayers, type ShapesOf } from './listing.ts'
import { configured, openKerasFile, weightsGroup } from './read.ts'
import { storedArrays } from './weightStores.ts'

/**
 * Lists layers and arrays of a Keras file; arrays are read whole, so a damaged file is refused here too.
 * @param options `config` for a file of weights only: without one, its arrays are all there is to tell
 * @param refusedAt where reading the file ended, as the error says
 * @throws FormatError, UnsupportedError as the reader does
 */
export function listKeras(files: ModelFiles, options: ImportOptions = {}, refusedAt = ''): Listing {
  const content = openKerasFile(files)
  const { source } = content
  const root = findRoot(content)
  if (!root) {
    const about = { source, format: 'keras', producer: content.producer } as const
    return {
      producer: content.producer,
      layers: listLayers(content.config, () => [], about, refusedAt),
      arrays: [],
    }
  }
  if ((content.config ?? options.config ?? null) === null) {
    const arrays = storedArrays(weightsGroup(root), source)
    return {
      producer: content.producer,
      layers: [],
      arrays: arrays.map(({ layer, name, shape }) => fileArray(layer, name, shape)),
    }
  }
  const { config, store, producer } = configured(content, root, options)
  const findShapes: ShapesOf = (layer, known) => (known ? store.weightsOf(layer) : store.everythingOf(layer))
  return {
    producer,
    layers: listLayers(config, findShapes, { source, format: 'keras', producer }, refusedAt),
    arrays: [],
  }
}

/** Null where weights are in a form that is not read: the configuration still says the layers. */
function findRoot({ config, root }: ReturnType<typeof openKerasFile>): Hdf5Object | null {
  try {
    return root()
  } catch (error) {
    if (error instanceof UnsupportedError && config !== null) return null
    throw error
  }
}
