/** What a resumed run reports of its engine; loaded with training, not with a model file. */
import type { Engine, EngineOptions } from '../../engine/engine.ts'
import { host } from '../../engine/host.ts'
import { supportedEngines } from '../../engine/load.ts'

/** A note where a resumed run uses another engine than a fresh one would. */
export function describeEngineChange({ name }: Engine, options: EngineOptions): string | null {
  const usual = host().defaults.engine ?? supportedEngines()[0]
  if (options.engine !== undefined || options.reproducible || name === usual) return null
  return `Goes on with engine ${name}, as the run began (a new one would take ${usual}).`
}
