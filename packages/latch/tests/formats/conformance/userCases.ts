/** Cases made from users' reports about other tools: what happened before, what happens now, and the test of it. */

/** One row of the table. */
export interface UserCase {
  /** Numbers of the cases, as the tests name them. */
  numbers: readonly number[]
  name: string
  before: string
  now: string
  /** Where it is tested, from the root. */
  test: string
}

const KERAS = 'packages/latch/tests/formats/keras'
const TORCH = 'packages/latch/tests/formats/torch'
const ONNX = 'packages/latch/tests/formats/onnx'
const TFJS = 'packages/latch/tests/formats/tfjs'
const TASKS = 'packages/latch/tests/tasks'

const one = (
  numbers: readonly number[],
  name: string,
  before: string,
  now: string,
  test: string,
): UserCase => ({ numbers, name, before, now, test })

export const USER_CASES: readonly UserCase[] = [
  one(
    [1, 18],
    'byte order mark, quoted cells of several lines, `\\r` alone',
    'read',
    'read',
    'packages/latch/tests/data/tables.test.ts',
  ),
  one(
    [10],
    'classes of one sample',
    'trained; says what was not validated',
    'the same',
    `${TASKS}/textClassifier/heldOut.test.ts`,
  ),
  one(
    [13],
    'labels `__proto__`, `constructor`',
    'kept',
    'kept',
    `${TASKS}/textClassifier/classifier.test.ts`,
  ),
  one(
    [15],
    'texts without spaces',
    'every text one unknown token',
    'by character; an empty vocabulary is an error',
    `${TASKS}/textClassifier/vocabulary.test.ts`,
  ),
  one(
    [16],
    'a loss that is not finite',
    'an error with what to change; the last update was not checked',
    'an error after any update',
    'packages/latch/tests/training/lastUpdate.test.ts',
  ),
  one(
    [17],
    'empty texts, emoji, lone surrogates',
    'answered',
    'answered',
    `${TASKS}/textClassifier/classifier.test.ts`,
  ),
  one([20], 'bits on any number of threads', 'equal', 'equal', 'packages/latch/tests/engine/threads.test.ts'),
  one([21], 'memory over many calls', 'flat', 'flat', 'packages/latch/tests/engine/memoryFlat.test.ts'),
  one(
    [22, 23, 24],
    'a Tokenizer of Keras: more words than rows, `to_json()`, no token for unknown words',
    'refused, or stopped at the first comma',
    'ids as Keras’ own, with what was assumed',
    `${KERAS}/texts.test.ts`,
  ),
  one(
    [25, 55],
    'padding after the text; punctuation under an unknown token',
    'other ids, without a word',
    '`padding`, `truncating`, `maxLength`; ids as Keras’ own',
    `${KERAS}/texts.test.ts`,
  ),
  one(
    [26],
    'layers beside LSTM: convolutions, batch normalisation, autoencoders, branches, models in models',
    'refused by name; a remedy that failed',
    'read, or refused by name with remedies that work on the file',
    `${KERAS}/graphs.test.ts`,
  ),
  one(
    [27, 29, 30],
    'flags of Keras 2, masks, `go_backwards`',
    'the numbers of Keras',
    'the numbers of Keras',
    `${KERAS}/config.test.ts`,
  ),
  one(
    [28],
    '`stateful` in exports',
    'lost in all of them',
    'kept in Keras and TensorFlow.js; listed as omitted in ONNX and PyTorch',
    `${KERAS}/files.test.ts`,
  ),
  one(
    [31, 61],
    'outputs that are probabilities already',
    'a second sigmoid or softmax: other labels',
    'the file’s own numbers; a contradicting option is refused',
    'packages/latch/tests/formats/outputActivations.test.ts',
  ),
  one(
    [33, 34, 35],
    'TensorFlow.js: GRU with `reset_after`, names of cells, quantized weights',
    'the numbers expected',
    'the numbers expected',
    `${TFJS}/read.test.ts`,
  ),
  one(
    [36, 37],
    'models saved by TensorFlow.js, and exports to it',
    'equal, but for the mean under a mask',
    'equal',
    `${TFJS}/peers.test.ts`,
  ),
  one(
    [38, 40, 42],
    'PyTorch: prefixes, further tensors and types, all shapes',
    'equal, or refused for tensors that no layer needs',
    'equal, or refused by tensor with options that work',
    `${TORCH}/parts.test.ts`,
  ),
  one([39], 'PyTorch: `weight_norm`', 'refused', 'folded into the weights', `${TORCH}/parts.test.ts`),
  one(
    [41],
    'the Python lines that convert a `.pt`',
    'failed on checkpoints and whole modules',
    'run on six kinds of files',
    `${TORCH}/pickles.test.ts`,
  ),
  one(
    [43, 65],
    'what PyTorch weights do not hold: the final state of two directions, `eps`',
    'assumed, without a word for `eps`',
    'printed with the option that says otherwise',
    `${TORCH}/assumptions.test.ts`,
  ),
  one(
    [44, 45],
    'PyTorch: a learned initial state; BatchNorm1d',
    'refused',
    'refused by name with what works; its layer',
    `${TORCH}/parts.test.ts`,
  ),
  one(
    [46],
    'exports of PyTorch to ONNX',
    'equal, or a remedy that was not tried',
    'equal, as layers (also of branches and attention) or as a graph, or refused with what was tried',
    `${ONNX}/graphs.test.ts`,
  ),
  one(
    [47],
    'ONNX by hand: states, lengths, types, activations by direction',
    'equal, but for one direction’s activations',
    'equal',
    `${ONNX}/operators.test.ts`,
  ),
  one(
    [48],
    'exports to ONNX, run by ONNX Runtime and read back',
    '35 of 961 were not read back',
    'all are read back',
    `${ONNX}/randomExports.test.ts`,
  ),
  one(
    [50],
    'text of a character model',
    'a program of a few lines (`examples/`)',
    'the same',
    'tests/examples.test.ts',
  ),
  one(
    [57],
    'import options without effect',
    'ignored',
    'an error that says why',
    'packages/latch/tests/formats/effectiveOptions.test.ts',
  ),
  one(
    [60],
    'streams of texts with a fixed length',
    'other numbers than `predict`',
    'equal, or refused',
    `${TASKS}/sequenceModel/sequenceModel.test.ts`,
  ),
  one(
    [62],
    'a sigmoid below a loss that takes logits',
    'trained at chance',
    'refused, with what to drop',
    'packages/latch/tests/model/squashedLoss.test.ts',
  ),
  one([64], 'names of Keras 1', 'defaults in their place', 'read', `${KERAS}/fields.test.ts`),
]

/** Cases about tables and the command line have their rows in docs/tables.md. */
export const IN_TABLES: readonly number[] = [
  2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 19, 49, 51, 52, 53, 54, 56, 58, 59,
]

/** The section of docs/conformance.md. */
export function userCasesSection(): string {
  const rows = USER_CASES.map(({ numbers, name, before, now, test }) => {
    const file = test.slice(test.lastIndexOf('/') + 1).replace('.test.ts', '')
    return `| ${numbers.join(', ')} | ${name} | ${before} | ${now} | [${file}](../${test}) |`
  })
  return `## Reports of users

Small cases made from public reports about other tools, before and after they were mended here; each has a test that needs no
further file. Those about tables and the command line are in [tables.md](tables.md#reports-of-users-tables-and-the-command-line).
Every remedy that is offered as an option is followed by a test (\`packages/latch/tests/fixes\`).

| case | what | before | now | test |
| --- | --- | --- | --- | --- |
${rows.join('\n')}`
}
