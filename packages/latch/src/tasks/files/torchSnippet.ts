/** A Python program that loads a model exported with `exportTo('torch')`, strictly checked, and calls it once. */
import type { ExportSource } from '../../formats/imported.ts'

/** @throws UnsupportedError for layers without a PyTorch module */
export async function torchSnippet(
  model: { exportSource(name?: string): ExportSource },
  name = 'model',
): Promise<string> {
  const { torchSnippet: write } = await import('../../formats/torch/index.ts')
  return write(model.exportSource(name))
}
