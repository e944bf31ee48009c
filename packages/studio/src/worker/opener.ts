/** Opens any model file: the door of formats and the reader of its own are loaded when a file is opened. */
import type { EngineOptions } from 'latch'
import type { AnyModel, ImportOptions } from 'latch/formats'
import { optionsIn } from './importOptions.ts'

/** A model from its main file and those that were given with it: parts of it, vocabulary, configuration, options. */
export async function openAny(
  bytes: Uint8Array,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  engine: EngineOptions,
): Promise<AnyModel> {
  if (files.size === 0) refuseAlone(name, bytes)
  // A dump's own reader finds its vocabulary by name.
  const given = /^manifest\.json$/i.test(name)
    ? []
    : [...files].map(([file, content]) => optionsIn(file, content))
  const options: ImportOptions = {}
  for (const one of given) Object.assign(options, one)
  const { openModel } = await import('latch/formats')
  return openModel({ name, bytes, files }, { ...options, engine })
}

/** What belongs to a model, without one. */
function refuseAlone(name: string, bytes: Uint8Array): void {
  const options = optionsIn(name, bytes)
  if (!options) return
  const what = options.vocabulary ? 'a vocabulary' : options.config ? 'a configuration' : 'options'
  throw new Error(`${name} is ${what} without its model: drop both together.`)
}
