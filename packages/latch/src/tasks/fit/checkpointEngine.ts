/**
 * A checkpoint goes on with the engine and precision it began with, since bits depend on both; threads are
 * free. Whoever names another is refused by the run itself (training/checkpoint.ts).
 */
import { ENGINE_NAMES, type EngineName, type EngineOptions } from '../../engine/engine.ts'
import { supportedEngines } from '../../engine/load.ts'
import { UnsupportedError, UsageError } from '../../core/errors.ts'
import { fieldAt, readChoice, type Field } from '../../core/validation.ts'

/**
 * Engine options with what the checkpoint says, where nothing else was asked for.
 * @param state the saved state of training
 * @throws UsageError where `reproducible` rules its engine out; UnsupportedError where the host lacks it
 */
export function engineOfCheckpoint(state: Field, asked: EngineOptions): EngineOptions {
  const precision = asked.precision ?? readChoice(fieldAt(state, 'precision'), ['float32', 'float64'])
  if (asked.engine !== undefined) return { ...asked, precision }
  const engine = readChoice(fieldAt(state, 'engine'), ENGINE_NAMES)
  if (asked.reproducible && engine === 'relaxed') {
    throw new UsageError({
      where: `${state.source}, reproducible`,
      expected: "a checkpoint that began on engine 'simd' or 'reference'",
      got: "one of engine 'relaxed'",
      remedy: 'Resume without reproducible, or begin a new run with it.',
    })
  }
  if (!supportedEngines().includes(engine)) throwUnsupported(state.source, engine)
  return { ...asked, engine, precision }
}

function throwUnsupported(source: string, engine: EngineName): never {
  throw new UnsupportedError({
    where: source,
    expected: `a host that runs engine '${engine}', with which this run began`,
    got: `one that runs ${supportedEngines().join(', ')}`,
    remedy: `Resume where '${engine}' runs; another engine would end with other bits.`,
  })
}
