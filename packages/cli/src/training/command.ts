/** The options that the training commands share, and their parsers. */
import { Command } from '@commander-js/extra-typings'
import type { OptionValues } from '@commander-js/extra-typings'
import { LANGUAGE_TOKEN_KINDS, TOKEN_KINDS, UsageError } from 'latch'
import {
  engineOption,
  numberOrText,
  numbersByName,
  oneOf,
  realNumber,
  reproducibleOption,
  fraction,
  threadsOption,
  wholeNumber,
  invalidValue,
} from '../options/options.ts'
import type { NamedNumbers, OptionParser } from '../options/options.ts'
import {
  delimiterOption,
  encodingOption,
  formatOption,
  headerOption,
  quotesOption,
} from '../options/tableFlags.ts'
import { dataArgument, labelOption, textOption } from '../options/rows.ts'

export const OPTIMIZERS = [
  'adamw',
  'adam',
  'nadam',
  'radam',
  'adamax',
  'lion',
  'sgd',
  'rmsprop',
  'adagrad',
  'adadelta',
] as const
export const SCHEDULES = ['constant', 'step', 'exponential', 'cosine', 'one-cycle', 'plateau'] as const
/** The heading of the network's options in the help. */
export const NETWORK_OPTIONS = 'Network:'
const DROPOUT_NAMES = ['words', 'embedding', 'input', 'layers', 'output']

/** A name with settings: `sgd:momentum=0.9`. */
export interface Named<T extends string> {
  type: T
  settings: NamedNumbers
}

/** What `--cell` takes: one for training, several for comparing. */
export interface CellChoiceOption<T> {
  help: string
  read: OptionParser<T>
}

/** A command with the arguments and options of training; files are added by each command. */
export function trainingCommand<T>(name: string, cell: CellChoiceOption<T>) {
  const counts = name === 'compare' ? 'off' : 'on for recurrent cells on words'
  return withEngine(withTraining(withNetwork(withData(new Command(name)), cell, counts)))
}

function withData(command: Command) {
  return command
    .argument(...dataArgument)
    .optionsGroup('Data:')
    .option(...textOption)
    .option(...labelOption)
    .option(...formatOption)
    .option(...headerOption)
    .option(...delimiterOption)
    .option(...quotesOption)
    .option(...encodingOption)
    .option('--test <file>', 'data table to evaluate on after training')
    .option(
      '--validation <fraction|file>',
      'fraction of the rows, or a data table, for early stopping (default: 0.1)',
      validation,
    )
}

function withNetwork<T, O extends OptionValues>(
  command: Command<[string], O>,
  cell: CellChoiceOption<T>,
  counts: string,
) {
  return command
    .optionsGroup(NETWORK_OPTIONS)
    .option('--cell <cell>', cell.help, cell.read)
    .option('--units <n>', 'hidden units (default: 64)', wholeNumber('--units'))
    .option('--layers <n>', 'number of stacked recurrent layers (default: 1)', wholeNumber('--layers'))
    .option('--bidirectional', 'read the text in both directions (default for taggers)')
    .option('--no-bidirectional', 'read the text forwards only (default for texts)')
    .option(
      '--reset <side>',
      'GRU: apply the reset gate after or before the matrix product (default: after)',
      oneOf('--reset', ['after', 'before']),
    )
    .option(
      '--activation <name>',
      'simple RNN: tanh or relu (default: tanh)',
      oneOf('--activation', ['tanh', 'relu']),
    )
    .option(
      '--pooling <kind>',
      'reduce the outputs over time by last, max or mean (default: last)',
      oneOf('--pooling', ['last', 'max', 'mean']),
    )
    .option(
      '--tokens <kind>',
      `${TOKEN_KINDS.join(' or ')}; lm: also bpe, byte pairs (default: words; lm: chars)`,
      oneOf('--tokens', LANGUAGE_TOKEN_KINDS),
    )
    .option('--lowercase', 'convert texts to lower case (default for words)')
    .option('--no-lowercase', 'keep upper case (default for chars)')
    .option('--embedding <n>', 'embedding size, or one-hot (default: 64)', embedding)
    .option(
      '--vectors <file>',
      'begin the embedding with pretrained word vectors: GloVe, word2vec (text or binary) or fastText .vec, plain or gzip',
    )
    .option(
      '--unseen-words <n>',
      'with --vectors: also keep its first n words, which no training row has (default: 0)',
      wholeNumber('--unseen-words', { least: 0 }),
    )
    .option(
      '--min-count <n>',
      'read tokens with fewer occurrences as unknown (default: 2)',
      wholeNumber('--min-count'),
    )
    .option(
      '--max-vocabulary <n>',
      'maximum vocabulary size (default: none; bpe: 8000)',
      wholeNumber('--max-vocabulary', { least: 2 }),
    )
    .option(
      '--max-length <n>',
      'truncate longer texts, with a note (default: 400 words, 1000 chars)',
      wholeNumber('--max-length'),
    )
    .option(
      '--dropout <p>',
      'one dropout rate, or words=0.2,embedding=0.6,layers=0.3,output=0.3 (lm: input, layers, output)',
      dropout,
    )
    .option(
      '--counts <on|off>',
      `mix the network with a linear model of words and pairs, as far as that helps on the validation rows (default: ${counts})`,
      oneOf('--counts', ['on', 'off']),
    )
}

/** `embedding.0,dense` as a list of names. */
function nameList(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

function withTraining<O extends OptionValues>(command: Command<[string], O>) {
  return command
    .optionsGroup('Training:')
    .option('--epochs <n>', 'maximum number of epochs (default: 30)', wholeNumber('--epochs'))
    .option('--batch <n>', 'batch size (default: 32)', wholeNumber('--batch'))
    .option(
      '--accumulation-steps <n>',
      'gradient accumulation: batches per optimizer step (default: 1)',
      wholeNumber('--accumulation-steps'),
    )
    .option(
      '--sparse-embeddings',
      'update only the embeddings of tokens in the batch: faster with a large vocabulary, different results',
    )
    .option(
      '--frozen <layers>',
      'layers or parameters whose weights do not change, separated by commas: embedding.0',
      nameList,
    )
    .option(
      '--frozen-epochs <n>',
      'with --frozen: train these layers too after n epochs (default: never)',
      wholeNumber('--frozen-epochs'),
    )
    .option(
      '--lr <x>',
      'learning rate (default: 0.002, or 0.001 for ann, bag and rnn)',
      realNumber('--lr', { above: 0 }),
    )
    .option(
      '--optimizer <name>',
      'adamw, adam, nadam, radam, adamax, lion, sgd, rmsprop, adagrad or adadelta, with settings as in sgd:momentum=0.9 and adam:amsgrad=1 (default: adamw)',
      named('--optimizer', OPTIMIZERS),
    )
    .option(
      '--schedule <name>',
      'constant, step:stepSize=5, exponential:gamma=0.9, cosine, one-cycle or plateau',
      named('--schedule', SCHEDULES),
    )
    .option(
      '--warmup <steps>',
      'steps of linear learning rate warmup (default: 0)',
      wholeNumber('--warmup', { least: 0 }),
    )
    .option(
      '--clip <x>',
      'maximum global norm of the gradients, or off (default: 1)',
      orOff(realNumber('--clip', { above: 0 })),
    )
    .option(
      '--clip-value <x>',
      'maximum absolute value of each gradient (default: off)',
      realNumber('--clip-value', { above: 0 }),
    )
    .option(
      '--label-smoothing <p>',
      'probability spread over the other labels (default: 0.1)',
      fraction('--label-smoothing'),
    )
    .option(
      '--class-weights <w>',
      'balanced, or LABEL=WEIGHT,…, with quotes around a comma, or a JSON object (default: all 1)',
      weights,
    )
    .option(
      '--ema <decay>',
      'decay of the exponential moving average of the weights; nt-asgd: their mean once validation gets no better; or off (default: 0.99)',
      averaging,
    )
    .option(
      '--patience <n>',
      'stop after this many epochs without improvement, or off (default: 5)',
      orOff(wholeNumber('--patience')),
    )
    .option(
      '--seed <n>',
      'random seed; the same seed gives bit-identical results (default: 1)',
      wholeNumber('--seed', { least: 0 }),
    )
}

function withEngine<O extends OptionValues>(command: Command<[string], O>) {
  return command
    .optionsGroup('Engine:')
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option(
      '--precision <name>',
      'float32, or float64 with the reference engine (default: float32)',
      oneOf('--precision', ['float32', 'float64']),
    )
    .option(
      '--checkpoint-steps <n>',
      'gradient checkpointing: keep n timesteps and recompute earlier ones, to save memory (default: off)',
      wholeNumber('--checkpoint-steps'),
    )
}

/** The parsed options. */
export type TrainingFlags = ReturnType<ReturnType<typeof trainingCommand<unknown>>['opts']>

/** Settings of each name; a test compares them with the library's options. */
export const SETTINGS: Record<string, readonly string[]> = {
  adamw: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'amsgrad'],
  adam: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'amsgrad'],
  nadam: ['beta1', 'beta2', 'epsilon', 'momentumDecay', 'weightDecay', 'decoupledWeightDecay'],
  radam: ['beta1', 'beta2', 'epsilon', 'weightDecay', 'decoupledWeightDecay'],
  adamax: ['beta1', 'beta2', 'epsilon', 'weightDecay'],
  lion: ['beta1', 'beta2', 'weightDecay'],
  sgd: ['momentum', 'dampening', 'nesterov', 'weightDecay'],
  rmsprop: ['alpha', 'epsilon', 'momentum', 'centered', 'weightDecay'],
  adagrad: ['epsilon', 'lrDecay', 'initialAccumulatorValue', 'weightDecay'],
  adadelta: ['rho', 'epsilon', 'weightDecay'],
  constant: [],
  step: ['stepSize', 'gamma'],
  exponential: ['gamma'],
  cosine: ['tMax', 'etaMin'],
  'one-cycle': ['totalSteps', 'pctStart', 'divFactor', 'finalDivFactor'],
  plateau: ['factor', 'patience', 'threshold', 'cooldown', 'minLr', 'epsilon'],
}

/** `NAME` or `NAME:KEY=NUMBER,…`; keys as in the library. */
function named<const T extends string>(flag: string, names: readonly T[]): OptionParser<Named<T>> {
  return (text) => {
    const at = text.indexOf(':')
    const type = oneOf(flag, names)(at < 0 ? text : text.slice(0, at))
    const keys = SETTINGS[type]
    if (at >= 0 && keys.length === 0) throw invalidValue(flag, `${type} without settings`, text)
    const settings = at < 0 ? {} : numbersByName(`${flag} ${type}`, {}, keys)(text.slice(at + 1))
    return { type, settings }
  }
}

function validation(text: string): number | string {
  return numberOrText('--validation', { least: 0, below: 1 })(text)
}

function embedding(text: string): number | 'oneHot' {
  if (/^one-?hot$/i.test(text)) return 'oneHot'
  if (/^[\d.+-]/.test(text)) return wholeNumber('--embedding')(text)
  throw invalidValue('--embedding', 'a whole number of at least 1, or one-hot', text)
}

function dropout(text: string): number | NamedNumbers {
  if (!text.includes('=')) return fraction('--dropout')(text)
  return numbersByName('--dropout', { least: 0, below: 1 }, DROPOUT_NAMES)(text)
}

function weights(text: string): 'balanced' | NamedNumbers {
  return text === 'balanced' ? text : numbersByName('--class-weights', { least: 0 })(text)
}

/** A decay, `nt-asgd` or `off`. */
function averaging(text: string): number | 'off' | 'ntAsgd' {
  if (text === 'nt-asgd') return 'ntAsgd'
  return orOff(realNumber('--ema', { above: 0, below: 1 }), ', nt-asgd or off')(text)
}

/** A number, or `off`. */
function orOff(read: OptionParser<number>, others = ', or off'): OptionParser<number | 'off'> {
  return (text) => {
    if (text === 'off') return text
    try {
      return read(text)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new UsageError({ where: error.where, expected: `${error.expected}${others}`, got: error.got })
    }
  }
}
