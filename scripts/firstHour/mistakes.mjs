/**
 * Mistakes of newcomers, each a command line, and the messages that they get. The golden file `mistakes.txt` beside
 * this one holds every message; a person reads it when it changes:
 * `node scripts/firstHour.mjs --only mistakes --write`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const rows = (count, row) => Array.from({ length: count }, (_, i) => row(i)).join('\n')
const comment = (i) => (i % 2 ? `a bad day number ${i},negative` : `a fine day number ${i},positive`)

/** Files that the mistakes are made with. `comments.csv` and `model.safetensors` are sound. */
export function makeFiles(folder, latch) {
  const files = {
    'comments.csv': `comment,sentiment\n${rows(40, comment)}\n`,
    'empty.csv': '',
    'header-only.csv': 'comment,sentiment\n',
    'no-header.csv': `${rows(40, comment)}\n`,
    'one-label.csv': `comment,sentiment\n${rows(20, (i) => `a fine day number ${i},positive`)}\n`,
    'numbers.csv': `comment,score\n${rows(40, (i) => `a day number ${i},${(i * 0.37).toFixed(2)}`)}\n`,
    'semicolons.csv': `comment;sentiment\n${rows(40, (i) => comment(i).replace(',', ';'))}\n`,
    'one-column.csv': `comment\n${rows(40, (i) => `a day number ${i}`)}\n`,
    'no-label.csv': `comment,sentiment\na fine day,positive\na bad day,\n${rows(20, comment)}\n`,
    'open-quote.csv': `comment,sentiment\n"a fine day,positive\n${rows(20, comment)}\n`,
    'ragged.csv': `comment,sentiment\na fine day,positive\na bad day,negative,extra\n${rows(20, comment)}\n`,
    'broken.jsonl': `{"comment":"a fine day","sentiment":"positive"}\n{"comment":"a bad day",\n`,
    'table.json': '{"comment":"a fine day","sentiment":"positive"}\n',
    'picture.csv': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 1, 2, 3, 4]),
    'cut.safetensors': Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123, 34]),
    'names.conll': 'Ada B-PER\nsings O\n\nthey O\nsing O\n',
    'broken.conll': 'Ada B-PER\nsings O\n\nthey O\nsee I-PER\n',
    'ragged.conll': 'Ada NNP B-PER\nsings O\n\nthey PRP O\n',
    'unequal.jsonl': '{"tokens": ["Ada", "sings"], "tags": ["B-PER"]}\n',
    'notes.txt': 'these are my notes\nand no model\n',
    'empty.onnx': '',
    'fake.onnx': 'this is no graph of operators at all\n',
    'fake.h5': 'this is no file of weights at all\n',
    'sheet.xlsx': Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 8, 0, 1, 2, 3, 4]),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  mkdirSync(join(folder, 'data'))
  const made = spawnSync(
    process.execPath,
    [latch, ...'train comments.csv --text comment --label sentiment --epochs 1 --units 4 --quiet'.split(' ')],
    { cwd: folder, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`the model of the mistakes: exit ${made.status}\n${made.stderr}`)
}

const NAMED = '--text comment --label sentiment'
const COLUMNS = `${NAMED} --out new.safetensors`

/**
 * Command lines, as a shell would split them, and the exit code: 2 where the command is wrong, 1 where it does not fit
 * the files, 0 where a note is enough.
 */
export const MISTAKES = [
  // Commands and options.
  ['', 2],
  ['trian comments.csv', 2],
  ['Train comments.csv', 2],
  ['help trian', 2],
  ['train', 2],
  [`train comments.csv ${COLUMNS} --epoch 3`, 2],
  [`train comments.csv ${COLUMNS} --Epochs 3`, 2],
  [`train comments.csv ${COLUMNS} --epochs`, 2],
  [`train comments.csv ${COLUMNS} --epochs three`, 2],
  [`train comments.csv ${COLUMNS} --epochs 0`, 2],
  [`train comments.csv ${COLUMNS} --epochs 1.5`, 2],
  [`train comments.csv ${COLUMNS} --cell ltsm`, 2],
  [`train comments.csv ${COLUMNS} --cell LSTM`, 2],
  [`train comments.csv ${COLUMNS} --lr 1e`, 2],
  [`train comments.csv ${COLUMNS} --dropout 1.2`, 2],
  [`train comments.csv ${COLUMNS} --cell lstm --reset before`, 2],
  [`train comments.csv ${COLUMNS} --optimizer adamm`, 2],
  [`train comments.csv ${COLUMNS} --engine gpu`, 2],
  [`train comments.csv more.csv ${COLUMNS}`, 2],
  // Columns.
  ['train comments.csv --text coment --label sentiment --out new.safetensors', 2],
  ['train comments.csv --text Comment --label sentiment --out new.safetensors', 2],
  ['train comments.csv --text comment --label 7 --out new.safetensors', 2],
  ['train comments.csv --text comment --label comment --out new.safetensors', 2],
  [`train no-header.csv ${COLUMNS}`, 2],
  [`train one-column.csv ${COLUMNS}`, 1],
  [`train semicolons.csv ${COLUMNS} --delimiter ,`, 1],
  // Tables.
  [`train coments.csv ${COLUMNS}`, 1],
  [`train nowhere/comments.csv ${COLUMNS}`, 1],
  [`train data ${COLUMNS}`, 2],
  [`train empty.csv ${COLUMNS}`, 1],
  [`train header-only.csv ${COLUMNS}`, 1],
  [`train one-label.csv ${COLUMNS}`, 1],
  ['train numbers.csv --text comment --label score --epochs 1 --units 4 --out new.safetensors', 0],
  [`train no-label.csv ${COLUMNS} --epochs 1 --units 4`, 0],
  [`train open-quote.csv ${COLUMNS}`, 1],
  [`train ragged.csv ${COLUMNS}`, 1],
  [`train broken.jsonl ${COLUMNS}`, 1],
  [`train picture.csv ${COLUMNS}`, 1],
  [`train sheet.xlsx ${COLUMNS}`, 1],
  // Models given as data, and data given as models.
  [`train model.safetensors ${COLUMNS}`, 1],
  [`evaluate comments.csv model.safetensors ${NAMED}`, 1],
  [`evaluate model.safetensors ${NAMED}`, 2],
  ['predict comments.csv hello', 1],
  ['predict model.safetensors --file model.safetensors', 1],
  // Models.
  ['predict', 2],
  ['predict model.safetensor hello', 1],
  ['predict data hello', 1],
  ['predict notes.txt hello', 1],
  ['predict cut.safetensors hello', 1],
  ['predict model.safetensors --ids 99999', 2],
  ['predict model.safetensors --top three hello', 2],
  // Texts without quotes.
  ['inspect model.safetensors you are not good', 2],
  ['inspect model.safetensors', 2],
  ['inspect model.safetensors hello --label postive', 1],
  ['inspect model.safetensors hello --picture gates', 2],
  ['inspect model.safetensors hello --html', 2],
  // Other formats.
  ['export model.safetensors', 2],
  ['export model.safetensors --to pytorch', 2],
  ['export model.safetensors --to onnx --out comments.csv', 2],
  ['export comments.csv --to onnx', 1],
  ['import empty.onnx', 1],
  ['import fake.onnx', 1],
  ['import fake.h5', 1],
  ['info missing.onnx', 1],
  ['info data', 1],
  // Language models.
  ['train notes.txt --task lm --pooling max', 2],
  [`train comments.csv ${COLUMNS} --steps 20`, 2],
  ['train notes.txt --task lm --out new.safetensors --batch 64', 1],
  ['train empty.csv --task lm --text comment --out new.safetensors', 1],
  ['generate model.safetensors --prime hello', 1],
  // Taggers.
  ['train names.conll --task tag --pooling max --out new.safetensors', 2],
  [`train comments.csv ${COLUMNS} --crf yes`, 2],
  ['train broken.conll --task tag --out new.safetensors', 1],
  ['train ragged.conll --task tag --out new.safetensors', 1],
  ['train unequal.jsonl --task tag --out new.safetensors', 1],
  ['train empty.csv --task tag --out new.safetensors', 1],
  ['train names.conll --task tag --label ner --out new.safetensors', 2],
  // Files that would be lost.
  [`train comments.csv ${NAMED} --out comments.csv`, 2],
  [`train comments.csv ${NAMED} --out nowhere/model.safetensors`, 1],
  [`train comments.csv ${NAMED} --out data`, 1],
  ['studio missing.safetensors', 1],
  ['studio model.safetensors --port 99999', 2],
]

/** What a command prints, without what differs from run to run. */
function messageOf(folder, latch, line) {
  const { status, stderr } = spawnSync(process.execPath, [latch, ...line.split(' ').filter(Boolean)], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    input: '',
    env: { ...process.env, NO_COLOR: '1', COLUMNS: '100' },
  })
  rmSync(join(folder, 'new.safetensors'), { force: true })
  // The table of epochs and the engine's line differ from machine to machine; a command that fails has neither.
  const notes = stderr.split('\n').filter((one) => status !== 0 || one.startsWith('note: '))
  return { status, text: notes.join('\n').replaceAll(folder, '.').trimEnd() }
}

/** Every mistake with its message, as text, and those whose exit code is wrong. */
export function walkMistakes(folder, latch) {
  const wrong = []
  const blocks = MISTAKES.map(([line, code]) => {
    const { status, text } = messageOf(folder, latch, line)
    if (status !== code) wrong.push(`latch ${line}: expected exit code ${code}, got ${status}`)
    return `$ latch ${line}\n${text}\n(exit code ${status})\n`
  })
  return { text: blocks.join('\n'), wrong }
}
