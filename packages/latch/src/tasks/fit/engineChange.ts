/** What a resumed run reports about its engine; loaded with training, not with a model file. */
import type { Engine, EngineOptions } from '../../engine/engine.ts'
import { host } from '../../engine/host.ts'
import { supportedEngines } from '../../engine/load.ts'

/** A note if a resumed run uses another engine than a new one would. */
export function describeEngineChange({ name }: Engine, options: EngineOptions): string | null {
  const usual = host().defaults.engine ?? supportedEngines()[0]
  if (options.engine !== undefined || options.reproducible || name === usual) return null
  return `Resumes with engine ${name}, which the run was started with (a new run would use ${usual}).`
}
