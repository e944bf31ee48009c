/** A model of any task → files of another format, with the task carried along so that it comes back whole. */
import type { ExportedFile, ExportFormat, ExportSource } from '../../formats/imported.ts'
import { writeModel } from '../../formats/write.ts'
import { classifierDocument } from '../textClassifier/file.ts'
import type { AnyModel } from './openModel.ts'
import { TextClassifier } from '../textClassifier/textClassifier.ts'

/**
 * A model's files in another format; a format may need several. Chunks are made as they are read, so that an
 * export never holds the weights twice.
 * @param name for the files and their descriptions, without an ending
 * @throws UnsupportedError naming the layer that the format has no word for
 */
export async function exportModel(
  model: AnyModel,
  to: ExportFormat,
  name = 'model',
): Promise<readonly ExportedFile[]> {
  return writeModel(sourceOf(model, name), to)
}

/**
 * A Python program that loads a model exported `to: 'torch'` with PyTorch, strictly checked, and calls it once.
 * @throws UnsupportedError for what PyTorch's modules do not have
 */
export async function torchSnippet(model: AnyModel, name = 'model'): Promise<string> {
  const { torchSnippet: write } = await import('../../formats/torch/index.ts')
  return write(sourceOf(model, name))
}

/** Two labels are one logit and a sigmoid, more a softmax. */
function sourceOf(model: AnyModel, name: string): ExportSource {
  if (!(model instanceof TextClassifier)) return model.exportSource(name)
  const { network, labels, vocabulary, settings, history } = model
  const document = classifierDocument({ network, labels, vocabulary, settings, history, training: null })
  return {
    network,
    outputActivation: labels.length === 2 ? 'sigmoid' : 'softmax',
    input: { kind: 'ids', width: vocabulary.size, steps: null },
    labels,
    vocabulary: vocabulary.tokens,
    tokens: settings.tokens === 'words' ? 'word' : 'character',
    document,
    name,
  }
}
