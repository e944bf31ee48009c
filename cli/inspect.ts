/** `latch inspect`: follows one text through a saved model, step by step. */
import { Command } from '@commander-js/extra-typings'
import { TextClassifier } from '../src/node.ts'
import { engineOption, engineOptions, oneOf, reproducibleOption, threadsOption } from './options.ts'
import type { Output } from './output.ts'
import { MOST_ROWS, drawTrace } from './tracePicture.ts'

const EXAMPLES = `
Examples:
  $ latch inspect model.safetensors "you are not good"
  $ latch inspect model.safetensors "you are not good" --label positive
  $ latch inspect model.safetensors "$(cat letter.txt)" --layout columns
  $ latch inspect model.safetensors "you are not good" --json`

export function inspectCommand(output: Output) {
  return new Command('inspect')
    .summary('see what a model does with a text, token by token')
    .description(
      'One text’s way through a model: at each token the share of memory kept, the answer so far, and how\n' +
        'strongly the loss pulls at the memory (norms of its gradients on their way back through time).',
    )
    .argument('<model>', 'model file')
    .argument('<text>', 'the text to follow')
    .option('--label <label>', 'whose loss the gradients are of (the predicted label)')
    .option(
      '--layout <kind>',
      `rows, a token a line, or columns (columns above ${MOST_ROWS} tokens)`,
      oneOf('--layout', ['rows', 'columns']),
    )
    .option(...engineOption)
    .option(...reproducibleOption)
    .option(...threadsOption)
    .option('--json', 'print the whole trace as one JSON object: gates, candidate, c, h of every level')
    .addHelpText('after', EXAMPLES)
    .action(async (path, text, flags) => {
      const model = await TextClassifier.load(path, engineOptions(flags))
      const trace = model.trace(text, { label: flags.label })
      output.event(trace)
      if (output.json) return
      const layout = flags.layout ?? (trace.steps.length > MOST_ROWS ? 'columns' : 'rows')
      for (const line of drawTrace(trace, { width: output.width, colors: output.colors, layout }))
        output.say(line)
    })
}
