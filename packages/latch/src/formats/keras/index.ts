/** The reader and the writer of the Keras format. */
import type { ModelReader, ModelWriter } from '../imported.ts'
import { readKerasFile } from './read/read.ts'
import { writeKerasFile } from './write/write.ts'

export { importKerasConfig, type KerasAbout, type KerasArray } from './read/model.ts'

/** Reads .keras archives, whole .h5 models, and weights with a configuration in the options. */
export const readKeras: ModelReader = async (files, options) => readKerasFile(files, options)

/** Writes one .keras file in the format of Keras 3. */
export const writeKeras: ModelWriter = async (source) => [writeKerasFile(source)]
