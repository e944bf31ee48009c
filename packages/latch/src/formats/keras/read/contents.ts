/** The contents of a Keras file that cannot be imported: its layers with their arrays, or the arrays alone. */
import { UnsupportedError } from '../../../core/errors.ts'
import type { ImportOptions, ModelFiles } from '../../imported.ts'
import type { Hdf5Object } from '../hdf5/file.ts'
import { fileArray, type Listing } from '../../fileContents.ts'
import { listLayers, type ShapesOf } from './listing.ts'
import { configured, openKerasFile, weightsGroup } from './read.ts'
import { storedArrays } from './weightStores.ts'

/**
 * Lists layers and arrays of a Keras file. Arrays are read completely, so a damaged file is an error here too.
 * @param options `config` for a file of weights only: without it, only arrays are listed
 * @param refusedAt the place of the error from reading the file
 * @throws FormatError, UnsupportedError like the reader
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

/** Null if the form of the weights is not supported: the configuration still lists the layers. */
function findRoot({ config, root }: ReturnType<typeof openKerasFile>): Hdf5Object | null {
  try {
    return root()
  } catch (error) {
    if (error instanceof UnsupportedError && config !== null) return null
    throw error
  }
}
