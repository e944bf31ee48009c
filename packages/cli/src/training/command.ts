/** The options that every training command shares, and what they say to the library. */
import { Command } from '@commander-js/extra-typings'
import type { OptionValues } from '@commander-js/extra-typings'
import { UsageError } from 'latch'
import {
  engineOption,
  formatOption,
  numberOrText,
  numbersByName,
  oneOf,
  realNumber,
  reproducibleOption,
  share,
  threadsOption,
  wholeNumber,
  wrongValue,
} from '../options/options.ts'
import type { NamedNumbers, ValueReader } from '../options/options.ts'

export const OPTIMIZERS = ['adamw', 'adam', 'sgd', 'rmsprop', 'adagrad'] as const
export const SCHEDULES = ['constant', 'step', 'exponential', 'cosine', 'one-cycle', 'plateau'] as const
const DROPOUT_PLACES = ['words', 'embedding', 'layers', 'output']

/** A name with settings: `sgd:momentum=0.9`. */
export interface Named<T extends string> {
  type: T
  settings: NamedNumbers
}

/** What `--cell` takes: one for training, several for comparing. */
export interface CellChoiceOption<T> {
  help: string
  read: ValueReader<T>
}

/** A command with the arguments and options of training; files are each command's own. */
export function trainingCommand<T>(name: string, cell: CellChoiceOption<T>) {
  return withEngine(withTraining(withNetwork(withData(new Command(name)), cell)))
}

function withData(command: Command) {
  return command
    .argument('<data>', 'table of rows: CSV, TSV or JSON Lines, plain or gzip (- reads standard input)')
    .optionsGroup('Data:')
    .option('--text <column>', 'column of the texts, by name or by number from 0 (guessed and told)')
    .option('--label <column>', 'column of the labels, likewise')
    .option(...formatOption)
    .option('--header', 'the first line names the columns (guessed and told)')
    .option('--no-header', 'the first line is data; columns go by number')
    .option('--test <file>', 'rows kept for the test at the end')
    .option(
      '--validation <share|file>',
      'share of the rows, or a file, that decides when to stop (0.1)',
      validation,
    )
}

function withNetwork<T, O extends OptionValues>(command: Command<[string], O>, cell: CellChoiceOption<T>) {
  return command
    .optionsGroup('Network:')
    .option('--cell <cell>', cell.help, cell.read)
    .option('--units <n>', 'hidden units (64)', wholeNumber('--units'))
    .option('--layers <n>', 'recurrent layers on top of each other (1)', wholeNumber('--layers'))
    .option('--bidirectional', 'read the text backwards too')
    .option(
      '--reset <side>',
      'GRU: reset gate after or before the product (after)',
      oneOf('--reset', ['after', 'before']),
    )
    .option('--activation <name>', 'simple RNN: tanh or relu (tanh)', oneOf('--activation', ['tanh', 'relu']))
    .option(
      '--pooling <kind>',
      'which outputs decide: last, max or mean (last)',
      oneOf('--pooling', ['last', 'max', 'mean']),
    )
    .option('--tokens <kind>', 'words or chars (words)', oneOf('--tokens', ['words', 'chars', 'characters']))
    .option('--lowercase', 'fold case (default for words)')
    .option('--no-lowercase', 'keep case (default for chars)')
    .option('--embedding <n>', 'width of a token’s vector, or one-hot (64)', embedding)
    .option('--min-count <n>', 'a token seen less often is unknown (2)', wholeNumber('--min-count'))
    .option(
      '--max-vocabulary <n>',
      'keep at most this many tokens',
      wholeNumber('--max-vocabulary', { least: 2 }),
    )
    .option(
      '--max-length <n>',
      'tokens a text may have; longer ones are cut and told (400 words, 1000 chars)',
      wholeNumber('--max-length'),
    )
    .option('--dropout <p>', 'one share, or words=0.2,embedding=0.6,layers=0.3,output=0.3', dropout)
}

function withTraining<O extends OptionValues>(command: Command<[string], O>) {
  return command
    .optionsGroup('Training:')
    .option('--epochs <n>', 'at most this many rounds through the rows (30)', wholeNumber('--epochs'))
    .option('--batch <n>', 'rows a batch (32)', wholeNumber('--batch'))
    .option(
      '--accumulation-steps <n>',
      'batches per optimizer step: n times the batch in the memory of one (1)',
      wholeNumber('--accumulation-steps'),
    )
    .option(
      '--sparse-embeddings',
      'update only embeddings of tokens in the batch: fast for large vocabularies, other results',
    )
    .option('--lr <x>', 'learning rate', realNumber('--lr', { above: 0 }))
    .option(
      '--optimizer <name>',
      'adamw, adam, sgd, rmsprop or adagrad, as in sgd:momentum=0.9 (adamw)',
      named('--optimizer', OPTIMIZERS),
    )
    .option(
      '--schedule <name>',
      'constant, step:stepSize=5, exponential:gamma=0.9, cosine, one-cycle or plateau',
      named('--schedule', SCHEDULES),
    )
    .option(
      '--warmup <steps>',
      'steps until the learning rate is reached (0)',
      wholeNumber('--warmup', { least: 0 }),
    )
    .option(
      '--clip <x>',
      'limit of the gradients’ global norm, or off (1)',
      orOff(realNumber('--clip', { above: 0 })),
    )
    .option('--clip-value <x>', 'limit of each gradient (off)', realNumber('--clip-value', { above: 0 }))
    .option('--label-smoothing <p>', 'share spread over the other labels (0.1)', share('--label-smoothing'))
    .option('--class-weights <w>', 'balanced, or LABEL=WEIGHT,… (all 1)', weights)
    .option(
      '--ema <decay>',
      'decay of the weights’ exponential moving average, or off (0.99)',
      orOff(realNumber('--ema', { above: 0, below: 1 })),
    )
    .option(
      '--patience <n>',
      'stop after this many epochs without a better one, or off (5)',
      orOff(wholeNumber('--patience')),
    )
    .option('--seed <n>', 'the same seed gives the same bits (1)', wholeNumber('--seed', { least: 0 }))
}

function withEngine<O extends OptionValues>(command: Command<[string], O>) {
  return command
    .optionsGroup('Engine:')
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option(
      '--precision <name>',
      'float32, or float64 on the reference engine',
      oneOf('--precision', ['float32', 'float64']),
    )
    .option(
      '--checkpoint-steps <n>',
      'gradient checkpointing: keep n timesteps, recompute earlier ones, to save memory (off)',
      wholeNumber('--checkpoint-steps'),
    )
}

/** What was typed, checked. */
export type TrainingFlags = ReturnType<ReturnType<typeof trainingCommand<unknown>>['opts']>

const SETTINGS: Record<string, readonly string[]> = {
  adamw: ['beta1', 'beta2', 'epsilon', 'weightDecay'],
  adam: ['beta1', 'beta2', 'epsilon', 'weightDecay'],
  sgd: ['momentum', 'nesterov', 'weightDecay'],
  rmsprop: ['alpha', 'epsilon', 'weightDecay'],
  adagrad: ['epsilon', 'weightDecay'],
  constant: [],
  step: ['stepSize', 'gamma'],
  exponential: ['gamma'],
  cosine: ['tMax', 'etaMin'],
  'one-cycle': ['totalSteps', 'pctStart', 'divFactor', 'finalDivFactor'],
  plateau: ['factor', 'patience', 'threshold', 'minLr'],
}

/** `NAME` or `NAME:KEY=NUMBER,…`; keys as the library has them. */
function named<const T extends string>(flag: string, names: readonly T[]): ValueReader<Named<T>> {
  return (text) => {
    const at = text.indexOf(':')
    const type = oneOf(flag, names)(at < 0 ? text : text.slice(0, at))
    const keys = SETTINGS[type]
    if (at >= 0 && keys.length === 0) throw wrongValue(flag, `${type} without settings`, text)
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
  throw wrongValue('--embedding', 'a whole number from 1, or one-hot', text)
}

function dropout(text: string): number | NamedNumbers {
  if (!text.includes('=')) return share('--dropout')(text)
  return numbersByName('--dropout', { least: 0, below: 1 }, DROPOUT_PLACES)(text)
}

function weights(text: string): 'balanced' | NamedNumbers {
  return text === 'balanced' ? text : numbersByName('--class-weights', { least: 0 })(text)
}

/** A number, or none at all. */
function orOff(read: ValueReader<number>): ValueReader<number | 'off'> {
  return (text) => {
    if (text === 'off') return text
    try {
      return read(text)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new UsageError({ where: error.where, expected: `${error.expected}, or off`, got: error.got })
    }
  }
}
