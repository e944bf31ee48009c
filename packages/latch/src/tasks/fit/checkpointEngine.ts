/**
 * A checkpoint resumes with the engine and precision it was started with, since the bits depend on both. Threads may
 * differ. The run itself rejects another engine (training/checkpoint.ts).
 */
import { ENGINE_NAMES, type EngineName, type EngineOptions } from '../../engine/engine.ts'
import { supportedEngines } from '../../engine/load.ts'
import { UnsupportedError, UsageError } from '../../core/errors.ts'
import { fieldAt, readChoice, type Field } from '../../core/validation.ts'

/**
 * How a checkpoint chooses its engine, for `readTaskFile`: engine and precision of the run are the defaults.
 * @throws UsageError for a file without a training, and where `reproducible` excludes its engine; UnsupportedError where
 * the host lacks it
 */
export function engineOfCheckpoint(asked: EngineOptions): (training: Field) => EngineOptions {
  return (training) => {
    if (training.value !== undefined) return resolveEngine(fieldAt(training, 'state'), asked)
    throw new UsageError({
      where: training.source,
      expected: 'a checkpoint of an unfinished run',
      got: 'the model of a finished run',
      remedy: 'Continue training with `fit`, or start a new run.',
    })
  }
}

function resolveEngine(state: Field, asked: EngineOptions): EngineOptions {
  const precision = asked.precision ?? readChoice(fieldAt(state, 'precision'), ['float32', 'float64'])
  if (asked.engine !== undefined) return { ...asked, precision }
  const engine = readChoice(fieldAt(state, 'engine'), ENGINE_NAMES)
  if (asked.reproducible && engine === 'relaxed') {
    throw new UsageError({
      where: `${state.source}, reproducible`,
      expected: "a checkpoint of engine 'simd' or 'reference'",
      got: "a checkpoint of engine 'relaxed'",
      remedy: 'Resume without `reproducible`, or start a new run with it.',
    })
  }
  if (!supportedEngines().includes(engine)) throwUnsupported(state.source, engine)
  return { ...asked, engine, precision }
}

function throwUnsupported(source: string, engine: EngineName): never {
  throw new UnsupportedError({
    where: source,
    expected: `a host that supports engine '${engine}', which the run was started with`,
    got: `a host that supports ${supportedEngines().join(', ')}`,
    remedy: `Resume on a host with '${engine}'; another engine would give different bits.`,
  })
}
