/** Opens model files of any format; the readers are loaded when the first file is opened. */
import type { EngineOptions } from 'latch'
import type { AnyModel, ImportOptions } from 'latch/formats'
import { optionsIn } from './importOptions.ts'

/** Opens a model from its main file and the files given with it: shards, vocabulary, configuration, options. */
export async function openModel(
  bytes: Uint8Array,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  engine: EngineOptions,
): Promise<AnyModel> {
  if (files.size === 0) assertModel(name, bytes)
  const options: ImportOptions = {}
  // The reader of a TensorFlow 1 dump finds its vocabulary by name.
  if (!/^manifest\.json$/i.test(name))
    for (const [file, content] of files) Object.assign(options, optionsIn(file, content))
  const { openModel: open } = await import('latch/formats')
  return open({ name, bytes, files }, { ...options, engine })
}

/** @throws Error for a vocabulary, configuration or options file without its model */
function assertModel(name: string, bytes: Uint8Array): void {
  const options = optionsIn(name, bytes)
  if (!options) return
  const what = options.vocabulary ? 'a vocabulary' : options.config ? 'a configuration' : 'an options file'
  throw new Error(`${name} is ${what} without its model. Drop both files together.`)
}
