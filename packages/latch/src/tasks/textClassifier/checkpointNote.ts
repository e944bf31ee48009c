/** What a resumed run tells of its engine; loaded with training, not with a model file. */
import type { Engine, EngineOptions } from '../../engine/engine.ts'
import { host } from '../../engine/host.ts'
import { supportedEngines } from '../../engine/load.ts'

/** What to tell where a resumed run goes on with another engine than a fresh one would take. */
export function engineNote({ name }: Engine, asked: EngineOptions): string | null {
  const usual = host().defaults.engine ?? supportedEngines()[0]
  if (asked.engine !== undefined || asked.reproducible || name === usual) return null
  return `Goes on with engine ${name}, as the run began (a new one would take ${usual}).`
}
