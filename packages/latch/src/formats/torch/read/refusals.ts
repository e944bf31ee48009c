/**
 * PyTorch files that are not supported: pickles, in a zip or bare. They are programs that Python runs while it
 * loads them, so they are neither run nor parsed here; the error contains two lines that convert them.
 */
import { readInOrder, readPrefix } from '../../fixes.ts'
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import type { NamedTensor } from '../../safetensors/safetensors.ts'
import { shapeText } from '../../safetensors/safetensors.ts'
import type { TorchModule } from './modules.ts'
import { findOnlyOrder, findPrefixes } from './order.ts'
import { quoted } from '../../safetensors/header.ts'

const ENDINGS = /\.(pt|pth|pkl|pickle|ckpt|bin)$/i

/** @throws UnsupportedError for a pickle, by its first bytes or its name */
export function assertNoPickle(bytes: Uint8Array, name: string): void {
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4
  const pickle = bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes[2] !== 0
  const looksSafe = bytes.length > 8 && bytes[8] === 0x7b // {
  if (!zip && !(pickle && !looksSafe) && !(ENDINGS.test(name) && !looksSafe)) return
  throw new UnsupportedError({
    where: name,
    expected: 'a state_dict saved as safetensors',
    got: zip ? 'a zip archive of torch.save' : 'a Python pickle',
    remedy: `A pickle is a program and is never run here. Convert it with Python:\n${conversionLines(name)}`,
  })
}

/** The two lines of Python that turn a state_dict in a pickle into safetensors. */
export function conversionLines(name: string): string {
  const to = ENDINGS.test(name) ? name.replace(ENDINGS, '.safetensors') : `${name}.safetensors`
  const load = `torch.load(${quoted(name)}, map_location="cpu", weights_only=True)`
  return [
    'import torch, safetensors.torch',
    `safetensors.torch.save_file({k: v.contiguous() for k, v in ${load}.items()}, ${quoted(to)})`,
  ].join('\n')
}

/** @throws FormatError listing the tensors that no layer of Latch has a place for */
export function assertAllKnown(
  unknown: readonly NamedTensor[],
  known: readonly TorchModule[],
  source: string,
): void {
  if (unknown.length === 0) return
  const shown = unknown.slice(0, 6).map(({ name, shape }) => `${quoted(name)} ${shapeText(shape)}`)
  const order = known.length > 0 ? findOnlyOrder(known) : null
  const more = unknown.length > 6 ? ` and ${unknown.length - 6} more` : ''
  throw new FormatError({
    where: `${source}, tensors`,
    expected: 'RNN, LSTM, GRU, Embedding, Linear and LayerNorm modules',
    got: `also ${shown.join(', ')}${more}`,
    fix: [...findPrefixes(known).map(readPrefix), ...(order ? [readInOrder(order)] : [])],
  })
}
