/** Converts the options of the command line to those of the library. */
import { UsageError, openVectors } from 'latch'
import type { TokenKind, ClassifierFitOptions, ClassifierOptions, VectorFile } from 'latch'
import { engineOptions, invalidValue } from '../options/options.ts'
import type { Named, OPTIMIZERS, TrainingFlags } from './command.ts'

/** The library's default; also the default length of schedules that end with the run. */
const DEFAULT_EPOCHS = 30

/** The options of the network; those not given keep the library's defaults. */
export function classifierOptions(flags: TrainingFlags): Omit<ClassifierOptions, 'cell'> {
  const { units, layers, bidirectional, reset, activation, pooling, tokens, lowercase } = flags
  return withoutUndefined({
    units,
    layers,
    bidirectional,
    reset,
    activation,
    pooling,
    // Of a classifier, the library refuses byte pairs.
    tokens: tokens as TokenKind | undefined,
    lowercase,
    embedding: flags.embedding,
    minimumCount: flags.minCount,
    maximumVocabulary: flags.maxVocabulary,
    maximumLength: flags.maxLength,
    dropout: flags.dropout,
    counts: flags.counts && flags.counts === 'on',
    ...engineOptions(flags),
  })
}

/** The file of `--vectors`, opened. @throws DataError for a file that has no word vectors; UsageError for its option alone */
export async function givenVectors({
  vectors,
  unseenWords,
}: TrainingFlags): Promise<{ vectors?: VectorFile }> {
  if (vectors !== undefined) return { vectors: await openVectors(vectors, { unseen: unseenWords ?? 0 }) }
  if (unseenWords === undefined) return {}
  throw new UsageError({
    where: '--unseen-words',
    expected: '`--vectors` beside it',
    got: 'no vectors',
    remedy: 'Add `--vectors FILE`, or omit `--unseen-words`.',
  })
}

/** The options of the training; columns, files and events are added by each command. */
export function fitOptions(
  flags: TrainingFlags & { extendVocabulary?: boolean },
): Partial<ClassifierFitOptions<Record<string, string>>> {
  const { optimizer, classWeights } = flags
  return withoutUndefined({
    epochs: flags.epochs,
    batchSize: flags.batch,
    accumulationSteps: flags.accumulationSteps,
    checkpointSteps: flags.checkpointSteps,
    sparseEmbeddings: flags.sparseEmbeddings,
    frozen: flags.frozen,
    frozenEpochs: flags.frozenEpochs,
    learningRate: flags.lr,
    optimizer: optimizer && optimizerOptions(optimizer),
    schedule: scheduleOptions(flags),
    clipNorm: nullIfOff(flags.clip),
    clipValue: flags.clipValue,
    labelSmoothing: flags.labelSmoothing,
    classWeights,
    ema: nullIfOff(flags.ema),
    patience: nullIfOff(flags.patience),
    extendVocabulary: flags.extendVocabulary,
    seed: flags.seed,
  }) as Partial<ClassifierFitOptions<Record<string, string>>>
}

/** `off` is null in the library. */
function nullIfOff<T>(value: T | 'off' | undefined): T | null | undefined {
  return value === 'off' ? null : value
}

/** Settings that are switches in the library: 0 and 1 on the command line. */
const SWITCHES = ['nesterov', 'centered', 'amsgrad', 'decoupledWeightDecay']

function optimizerOptions({ type, settings }: Named<(typeof OPTIMIZERS)[number]>): object {
  const options = Object.entries(settings).map(([name, value]) => {
    if (!SWITCHES.includes(name)) return [name, value]
    if (value === 0 || value === 1) return [name, value === 1]
    throw invalidValue(`--optimizer ${type}`, `${name}=0 or ${name}=1`, `${name}=${value}`)
  })
  return { type, ...Object.fromEntries(options) }
}

/** Schedules that end with the run last for all epochs by default. */
function scheduleOptions({ schedule, warmup, epochs = DEFAULT_EPOCHS }: TrainingFlags): object | undefined {
  if (!schedule) return warmup === undefined ? undefined : { type: 'constant', warmup }
  const { type, settings } = schedule
  if (type === 'step' && settings.stepSize === undefined) {
    throw invalidValue('--schedule step', 'a stepSize in epochs', 'step', 'Use `--schedule step:stepSize=5`.')
  }
  if (type === 'exponential' && settings.gamma === undefined) {
    throw invalidValue(
      '--schedule exponential',
      'a gamma',
      'exponential',
      'Use `--schedule exponential:gamma=0.9`.',
    )
  }
  const rest = { ...settings, ...(warmup === undefined ? {} : { warmup }) }
  if (type === 'cosine') return { type, tMax: epochs, ...rest }
  if (type === 'one-cycle') return { type: 'oneCycle', per: 'epoch', totalSteps: epochs, ...rest }
  return { type, ...rest }
}

/** Omits the options that are undefined. */
export function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}
