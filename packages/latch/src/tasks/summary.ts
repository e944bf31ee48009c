/** The summary of a model, as data and as a table. */
import type { ModelSummary } from './model.ts'
import { countClasses } from './prediction.ts'
import type { TaskDefinition, TaskTypes, Trained } from './task.ts'

/** The summary of a trained model. */
export function summarize<T extends TaskTypes>(
  task: TaskDefinition<T>,
  { network, learned, names }: Trained<T['Learned']>,
): ModelSummary {
  const { stateful = false, source = null, warnings = [] } = learned
  const text = task.text(learned)
  const table = network.summary()
  const summary: Omit<ModelSummary, 'toString'> = {
    task: task.name,
    input: learned.input,
    reads: task.reads(learned),
    vocabularySize: learned.vocabulary?.length ?? null,
    tokens: text && learned.tokens,
    maximumLength: text?.maximumLength ?? null,
    textColumn: learned.textColumn ?? null,
    predicts: countClasses(network, learned.outputActivation) > 0 ? 'classes' : 'values',
    per: network.output.per,
    outputActivation: learned.outputActivation,
    labels: names,
    layers: table.layers,
    parameters: table.parameters,
    stateful,
    source,
    warnings,
  }
  // Not enumerable, so that a summary is plain data.
  return Object.defineProperty(summary, 'toString', {
    value: () => `${describeModel(summary)}\n\n${table}`,
  }) as ModelSummary
}

function describeModel(summary: Omit<ModelSummary, 'toString'>): string {
  const { task, input, vocabularySize, labels, predicts, per } = summary
  const shown = labels.slice(0, 8).join(', ') + (labels.length > 8 ? ', …' : '')
  const reads = summary.reads.includes('text')
    ? `texts as ${summary.tokens} (vocabulary of ${vocabularySize})`
    : input.kind === 'ids'
      ? `token ids below ${input.width}`
      : `${input.width} features per step`
  return [
    `Model: ${task}`,
    `Input: ${reads}`,
    `Output: ${predicts === 'classes' ? `one of ${labels.length} classes (${shown})` : `${labels.length} numbers`} per ${per}`,
  ].join('\n')
}
