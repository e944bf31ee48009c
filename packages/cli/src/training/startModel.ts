/** The model that a run of `latch train` begins with, for the tasks beside the text classifier. */
import { type EngineOptions, type FitOptions, readFileBytes } from 'latch'
import { engineOptions } from '../options/options.ts'
import { fitOptions, withoutUndefined } from './options.ts'
import type { TrainFlags } from './resume.ts'

/** How the models of a task are read. */
export interface ModelFiles<Model> {
  load(path: string, engine: EngineOptions): Promise<Model>
  fromCheckpoint(
    bytes: Uint8Array,
    source: string,
    engine: EngineOptions,
  ): Promise<{ model: Model; fitOptions: FitOptions }>
}

/** A model with the options of its training. */
export interface StartedModel<Model> {
  model: Model
  options: FitOptions
  /** The checkpoint of an interrupted run. */
  resume?: Uint8Array
}

/** A new model, a saved one, or that of an interrupted run. */
export async function startModel<Model>(
  files: ModelFiles<NoInfer<Model>>,
  make: () => Model | Promise<Model>,
  flags: TrainFlags,
): Promise<StartedModel<Model>> {
  const { validation, resume, from } = flags
  if (resume !== undefined) {
    const bytes = await readFileBytes(resume)
    const { model, fitOptions: kept } = await files.fromCheckpoint(bytes, resume, engineOptions(flags))
    const changed = withoutUndefined({ epochs: flags.epochs, checkpointSteps: flags.checkpointSteps })
    return { model, options: { ...kept, ...changed }, resume: bytes }
  }
  const model = from === undefined ? await make() : await files.load(from, engineOptions(flags))
  const chosen = typeof validation === 'number' ? { validation } : {}
  return { model, options: { ...(fitOptions(flags) as FitOptions), ...chosen } }
}
