/** The report's opener: its model is a Latch file, so the page carries no reader of another format. */
import type { EngineOptions } from 'latch'
import { openModelFile, type AnyModel } from 'latch/formats'

/** Opens a model from its file. */
export async function openModel(
  bytes: Uint8Array,
  name: string,
  _: ReadonlyMap<string, Uint8Array>,
  engine: EngineOptions,
): Promise<AnyModel> {
  return openModelFile(bytes, name, engine)
}
