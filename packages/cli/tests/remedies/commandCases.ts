/** Remedies of the command line: the commands run in this process, and are followed by the words that they print. */
import { randomUUID } from 'node:crypto'
import { utimesSync } from 'node:fs'
import { mkdir, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DataError, UnsupportedError, UsageError } from '../../../latch/src/core/errors.ts'
import { gru, sequenceModel } from '../../../latch/src/node.ts'
import type { RemedyCase } from '../../../latch/tests/fixes/remedies/remedyCase.ts'
import { trained } from '../../../latch/tests/tasks/textClassifier/classifierHelpers.ts'
import { Workplace } from '../cliHelpers.ts'
import { LANGUAGE_CASES } from './languageCases.ts'
import { PAIR_COMMAND_CASES } from './pairCases.ts'
import { SEQUENCE_COMMAND_CASES } from './sequenceCases.ts'
import { compareCommand } from '../../src/commands/compare.ts'
import { predictCommand } from '../../src/commands/predict.ts'
import { trainCommand } from '../../src/commands/train.ts'
import { columnsFor } from '../../src/inspect/pictures/frame.ts'
import { MAX_MODEL_BYTES, reportPage } from '../../src/inspect/reportPage.ts'
import { engineOptions, numbersByName } from '../../src/options/options.ts'
import { requireKnownLabels, requireTwoRows, type Rows } from '../../src/options/rows.ts'
import { builtPages } from '../../src/studio/builtPages.ts'
import { serveStudio } from '../../src/studio/server.ts'
import { Output } from '../../src/terminal/output.ts'
import { checkOutputs } from '../../src/terminal/outputFiles.ts'
import { lockRun } from '../../src/training/runLock.ts'
import { fitOptions, givenVectors } from '../../src/training/options.ts'
import { requireResumeOptions } from '../../src/training/resume.ts'

/** Prints nothing. */
class Silent extends Output {
  override print(): void {}
  override emit(): void {}
  override note(): void {}
}
const output = new Silent({ json: false, quiet: true })

const ROWS = 'great soup,good\nawful soup,bad\ngreat tea,good\nawful tea,bad\n'

/** A folder of its own with a table. */
const inFolder =
  (use: (folder: string, place: Workplace) => unknown): (() => Promise<void>) =>
  async () => {
    const place = new Workplace()
    try {
      place.write('data.csv', `text,label\n${ROWS.repeat(4)}`)
      await use(place.folder, place)
    } finally {
      place.remove()
    }
  }

const COMMON = '--epochs 1 --quiet --text text --label label'.split(' ')
const UNITS = '--units 2 --embedding 2'.split(' ')
const outOf = (name: string) => ['--out', `${name}.safetensors`]

/** In this process, where it is refused before it locks its files. */
const refused = (folder: string, more: readonly string[]) => {
  const out = ['--out', join(folder, 'new.safetensors')]
  return trainCommand(output).parseAsync([join(folder, 'data.csv'), ...COMMON, ...out, ...more], {
    from: 'user',
  })
}

/** The built command. */
async function train(place: Workplace, ...more: readonly string[]): Promise<void> {
  const { code, stderr } = await place.latch(['train', 'data.csv', ...COMMON, ...more])
  if (code !== 0) throw new Error(stderr)
}
const predict = (args: readonly string[]) => predictCommand(output).parseAsync(args, { from: 'user' })

/** The path of a small model. */
async function modelIn(folder: string): Promise<string> {
  const path = join(folder, 'model.safetensors')
  await writeFile(path, (await trained({ units: 2, embedding: 2 }, { epochs: 1 })).toBytes())
  return path
}

/** The path of a small model of numbers. */
async function numbersIn(folder: string): Promise<string> {
  const path = join(folder, 'numbers.safetensors')
  const model = sequenceModel({ input: { features: 1 }, layers: [gru(2)], output: { values: 1 } })
  await writeFile(path, model.toBytes())
  return path
}

const TRAINING: readonly RemedyCase[] = [
  {
    name: 'a run that is active',
    kind: UsageError,
    remedy: 'Wait until that run ends, or choose another file with `--out`.',
    raise: inFolder((folder) => locked(folder, () => refused(folder, UNITS))),
    follow: inFolder(async (folder, place) => {
      await locked(folder, () => train(place, ...UNITS, ...outOf('other')))
      await train(place, ...UNITS, ...outOf('new'))
    }),
  },
  {
    name: 'a vocabulary to extend without a model',
    kind: UsageError,
    remedy: 'Name the model to continue with `--from`.',
    raise: inFolder((folder) => refused(folder, ['--extend-vocabulary'])),
    follow: inFolder(async (folder, place) =>
      train(place, '--extend-vocabulary', '--from', await modelIn(folder), ...outOf('new')),
    ),
  },
  {
    name: 'options of the network of a saved model',
    kind: UsageError,
    remedy: 'Omit --units, --embedding: the saved model has its network.',
    raise: inFolder(async (folder) => refused(folder, ['--from', await modelIn(folder), ...UNITS])),
    follow: inFolder(async (folder, place) => train(place, '--from', await modelIn(folder), ...outOf('new'))),
  },
  {
    name: 'unseen words of no vectors',
    kind: UsageError,
    remedy: 'Add `--vectors FILE`, or omit `--unseen-words`.',
    raise: () => givenVectors({ unseenWords: 5 } as never),
    follow: inFolder(async (_, place) => {
      place.write('vectors.txt', 'soup 1 2\ncake 3 4\n')
      await train(place, '--unseen-words', '5', '--vectors', 'vectors.txt', '--units', '2')
      await train(place, ...UNITS, ...outOf('new'))
    }),
  },
  {
    name: 'steps without a size',
    kind: UsageError,
    remedy: 'Use `--schedule step:stepSize=5`.',
    raise: () => fitOptions({ schedule: { type: 'step', settings: {} } } as never),
    follow: inFolder((_, place) => train(place, '--schedule', 'step:stepSize=5', ...UNITS)),
  },
  {
    name: 'a decay without a factor',
    kind: UsageError,
    remedy: 'Use `--schedule exponential:gamma=0.9`.',
    raise: () => fitOptions({ schedule: { type: 'exponential', settings: {} } } as never),
    follow: inFolder((_, place) => train(place, '--schedule', 'exponential:gamma=0.9', ...UNITS)),
  },
  {
    name: 'options of a run that is resumed',
    kind: UsageError,
    remedy: 'Omit --units: the checkpoint stores the settings of the run.',
    raise: () => requireResumeOptions(['--resume', '--units'], {} as never),
    follow: () => requireResumeOptions(['--resume'], {} as never),
  },
  {
    name: 'a file of the name of the lock',
    kind: UsageError,
    remedy: 'Rename it, or choose another model file with `--out`.',
    raise: inFolder((folder, place) => lockRun(join(folder, place.write('new.lock', 'mine')), output)),
    follow: inFolder(async (folder, place) => {
      place.write('new.lock', 'mine')
      await train(place, ...UNITS, ...outOf('other'))
      await rename(join(folder, 'new.lock'), join(folder, 'moved'))
      await train(place, ...UNITS, ...outOf('new'))
    }),
  },
]

/** While another run has the lock of `new.safetensors`. */
async function locked(folder: string, run: () => Promise<unknown>): Promise<void> {
  const path = join(folder, 'new.lock')
  await writeFile(path, `process 1 on host alpha, since today\n${randomUUID()}\n`)
  // What that run does.
  const beat = setInterval(() => utimesSync(path, new Date(), new Date()), 100)
  try {
    await run()
  } finally {
    clearInterval(beat)
    await unlink(path)
  }
}

const weights = numbersByName('--class-weights', { least: 0 })
const table = (rows: Rows['rows'], text = 'text'): Rows => ({
  rows,
  columns: { text, label: 'label' },
  rowNumbers: rows.map((_, i) => i),
  name: 'data.csv',
  reading: {},
})
const ofLabels = (...labels: string[]) => table(labels.map((label) => ({ text: 'soup', label })))

const OPTIONS: readonly RemedyCase[] = [
  {
    name: 'an option of a table without one',
    kind: UsageError,
    remedy: 'Use `--file DATA` with `--text`.',
    raise: inFolder(async (folder) => predict([await modelIn(folder), 'great soup', '--text', 'text'])),
    follow: inFolder(async (folder) =>
      predict([await modelIn(folder), '--file', join(folder, 'data.csv'), '--text', 'text']),
    ),
  },
  {
    name: 'the most likely labels of a model of numbers',
    kind: UsageError,
    remedy: 'Omit `--top`: numbers are printed as they are.',
    raise: inFolder(async (folder) => predict([await numbersIn(folder), '[[1]]', '--top', '2'])),
    follow: inFolder(async (folder) => predict([await numbersIn(folder), '[[1]]'])),
  },
  {
    name: 'a name with a comma',
    kind: UsageError,
    remedy: `Quote a name that holds a comma, as in '"yes, please"=2,no=1', or pass a JSON object.`,
    raise: () => weights('yes, please=2,no=1'),
    follow: () => [weights('"yes, please"=2,no=1'), weights('{"yes, please": 2, "no": 1}')],
  },
  {
    name: 'an engine of other arithmetic, to be reproducible',
    kind: UsageError,
    remedy: 'Omit `--engine`: `--reproducible` selects it.',
    raise: () => engineOptions({ reproducible: true, engine: 'relaxed' }),
    follow: () => engineOptions({ reproducible: true }),
  },
  {
    name: 'labels that a model does not have',
    kind: DataError,
    remedy: 'Remove these rows, or train on data with these labels.',
    raise: () => requireKnownLabels(ofLabels('good', 'odd'), new Set(['good', 'bad']), 'the model'),
    follow: () => {
      requireKnownLabels(ofLabels('good'), new Set(['good', 'bad']), 'the model')
      requireKnownLabels(ofLabels('good', 'odd'), new Set(['good', 'bad', 'odd']), 'the model')
    },
  },
  {
    name: 'a header alone',
    kind: DataError,
    remedy: 'Add rows: if that line is the header, the table has none.',
    raise: () => requireTwoRows(table([{ 0: 'text', label: 'label' }], '0')),
    follow: () => requireTwoRows(ofLabels('good', 'bad')),
  },
  {
    name: 'a single row',
    kind: DataError,
    remedy: 'Add rows, with at least two different labels.',
    raise: () => requireTwoRows(ofLabels('good')),
    follow: () => requireTwoRows(ofLabels('good', 'bad')),
  },
]

const saved = (path: string, force = false) =>
  checkOutputs([{ where: `--out ${path}`, path, kind: 'safetensors' }], [], force)

const OUTPUTS: readonly RemedyCase[] = [
  {
    name: 'an output in no folder',
    kind: DataError,
    remedy: 'Create the folder first.',
    raise: inFolder((folder) => saved(join(folder, 'away', 'm'))),
    follow: inFolder(async (folder) => {
      await mkdir(join(folder, 'away'))
      await saved(join(folder, 'away', 'm'))
    }),
  },
  {
    name: 'a folder as the output',
    kind: DataError,
    remedy: 'Name a file in it.',
    raise: inFolder((folder) => saved(folder)),
    follow: inFolder((folder) => saved(join(folder, 'm'))),
  },
  {
    name: 'an output of a long name',
    kind: DataError,
    remedy: 'Choose a shorter name.',
    raise: inFolder((folder) => saved(join(folder, 'm'.repeat(300)))),
    follow: inFolder((folder) => saved(join(folder, 'm'.repeat(30)))),
  },
  {
    name: 'an output behind a link to nothing',
    kind: DataError,
    remedy: 'Name that file itself, or remove the link.',
    raise: inFolder(async (folder) => saved(await dangling(folder))),
    follow: inFolder(async (folder) => {
      const link = await dangling(folder)
      await saved(join(folder, 'away'))
      await unlink(link)
      await saved(link)
    }),
  },
  {
    name: 'an output over another file',
    kind: UsageError,
    remedy: 'Choose another file with `--out`, or add `--force` to replace this one.',
    raise: inFolder((folder) => saved(join(folder, 'data.csv'))),
    follow: inFolder(async (folder) => {
      await saved(join(folder, 'm.safetensors'))
      await saved(join(folder, 'data.csv'), true)
    }),
  },
]

async function dangling(folder: string): Promise<string> {
  await symlink(join(folder, 'away'), join(folder, 'link'))
  return join(folder, 'link')
}

const content = (model: Uint8Array) => ({ name: 'm', model, text: 'great soup', label: null })
const large = () => new Uint8Array(MAX_MODEL_BYTES + 1)

async function serve(model: Uint8Array, port: number | null = null): Promise<void> {
  const server = await serveStudio(builtPages(), { name: 'm', bytes: model }, port)
  await server.close()
}

/** While a server has a port. */
async function besideServer(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use((server.address() as AddressInfo).port)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

const PAGES: readonly RemedyCase[] = [
  {
    name: 'a page of a large model',
    kind: UnsupportedError,
    remedy: 'Use `latch studio`, or draw a picture with `--svg` or `--png`.',
    raise: () => reportPage(builtPages(), content(large())),
    follow: async () => {
      await serve(large())
      columnsFor(3)
    },
  },
  {
    name: 'a picture of a long text',
    kind: UsageError,
    remedy: 'Shorten the text, or use `--html`, which can zoom.',
    raise: () => columnsFor(401),
    follow: async () => {
      columnsFor(400)
      await reportPage(builtPages(), { ...content(new Uint8Array(9)), text: 'great '.repeat(401) })
    },
  },
  {
    name: 'a port in use',
    kind: UsageError,
    remedy: 'Choose another port, or omit `--port` to use a free one.',
    raise: () => besideServer((port) => serve(new Uint8Array(9), port)),
    follow: async () => {
      await besideServer(() => serve(new Uint8Array(9), null))
      let free = 0
      await besideServer(async (port) => void (free = await Promise.resolve(port)))
      await serve(new Uint8Array(9), free)
    },
  },
]

const COMPARISONS: readonly RemedyCase[] = [
  {
    name: 'a comparison for another task',
    kind: UsageError,
    remedy: 'Use `latch train --task regress`: it prints the model beside its baseline.',
    raise: () => compareCommand(output).parseAsync(['data.csv', '--task', 'regress'], { from: 'user' }),
    follow: async () => {
      const place = new Workplace()
      try {
        place.write(
          'stars.csv',
          ['body,stars', ...Array.from({ length: 40 }, (_, i) => `hotel ${i},${i % 5}`)].join('\n'),
        )
        const words = '--task regress --text body --label stars --units 2 --epochs 1'.split(' ')
        const { code, stdout } = await place.latch(['train', 'stars.csv', ...words])
        if (code !== 0 || !stdout.includes('ridge regression')) throw new Error(stdout)
      } finally {
        place.remove()
      }
    },
  },
]

export const COMMAND_CASES: readonly RemedyCase[] = [
  ...COMPARISONS,
  ...TRAINING,
  ...OPTIONS,
  ...OUTPUTS,
  ...PAGES,
  ...LANGUAGE_CASES,
  ...SEQUENCE_COMMAND_CASES,
  ...PAIR_COMMAND_CASES,
]
