/** Opens any model file: the door of formats and the reader of its own are loaded when a file is opened. */
import type { EngineOptions } from 'latch'
import type { AnyModel } from 'latch/formats'

/** A model from its main file and those that were given with it. */
export async function openAny(
  bytes: Uint8Array,
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  engine: EngineOptions,
): Promise<AnyModel> {
  const { importModel } = await import('latch/formats')
  return importModel({ name, bytes, files }, { engine })
}
