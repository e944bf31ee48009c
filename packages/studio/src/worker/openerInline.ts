/** The report's opener: its model is Latch's own file, so that no reader of another format is in the page. */
import type { EngineOptions } from 'latch'
import { openModelFile, type AnyModel } from 'latch/formats'

/** A model from its file. */
export async function openAny(
  bytes: Uint8Array,
  name: string,
  _: ReadonlyMap<string, Uint8Array>,
  engine: EngineOptions,
): Promise<AnyModel> {
  return openModelFile(bytes, name, engine)
}
