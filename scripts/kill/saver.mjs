/**
 * Saves two models in turn to one path until it is killed: `saver.mjs FORMAT PATH FIRST SECOND`, with the files of the
 * two. Prints a line after the first save.
 */
import { TextClassifier } from '../../packages/latch/dist/node.js'
import { exportFile } from '../../packages/latch/dist/formatsNode.js'

const [format, path, ...files] = process.argv.slice(2)
const models = await Promise.all(files.map((file) => TextClassifier.load(file)))
for (let turn = 0; ; turn++) {
  const model = models[turn % 2]
  await (format === 'latch' ? model.save(path) : exportFile(model, format, path))
  if (turn === 0) process.stdout.write('saved\n')
}
