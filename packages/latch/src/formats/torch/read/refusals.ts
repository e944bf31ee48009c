/**
 * Errors for PyTorch files that are not supported. A pickle, in a zip archive or not, is a program that Python runs
 * while it loads it, so it is neither run nor parsed here; the error contains the Python lines that convert it.
 */
import { readInOrder, readPrefix } from '../../fixes.ts'
import { classNames } from '../../gateOrders.ts'
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import type { NamedTensor } from '../../safetensors/safetensors.ts'
import { shapeText } from '../../safetensors/safetensors.ts'
import type { TorchModule } from './modules.ts'
import { findOnlyOrder, findPrefixes } from './order.ts'
import { quoted } from '../../safetensors/header.ts'
import { findInitialStates } from './initialStates.ts'

const ENDINGS = /\.(pt|pth|pkl|pickle|ckpt|bin)$/i

/** @throws UnsupportedError for a pickle, recognised by its first bytes or its name */
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

/**
 * Python code that converts a pickle to safetensors, with only PyTorch 1.13 or later and the standard library. The
 * pickle may contain a state_dict, a checkpoint with one in it, or a whole module, even if its classes are not
 * installed. Buffers of integers and booleans are omitted.
 */
export function conversionLines(name: string): string {
  const to = ENDINGS.test(name) ? name.replace(ENDINGS, '.safetensors') : `${name}.safetensors`
  const load = `torch.load(${JSON.stringify(name)}, map_location="cpu", weights_only=`
  return [
    'import array, json, pickle, pydoc, re, struct, torch',
    'def find(_, module, name): return pydoc.locate({"__builtin__": "builtins", "copy_reg": "copyreg"}.get(module, module) + "." + name) or type(name, (torch.nn.Module,), {})',
    'pickle.Unpickler = type("Reader", (pickle.Unpickler,), {"find_class": find})  # for classes that are missing here',
    `try: x = ${load}True)`,
    `except Exception: x = ${load}False)  # runs code in the file: only for files you trust`,
    'for key in ("state_dict", "model_state_dict", "model", "net", "network", "weights") * 2: x = x[key] if isinstance(x, dict) and isinstance(x.get(key), (dict, torch.nn.Module)) else x',
    'x = x.state_dict() if isinstance(x, torch.nn.Module) else x',
    String.raw`x = {re.sub(r"^(module\.|_orig_mod\.)+|_orig_mod\.", "", k): v.detach().float() for k, v in x.items() if torch.is_tensor(v) and v.is_floating_point()}`,
    'end = 0; head = json.dumps({k: {"dtype": "F32", "shape": [*v.shape], "data_offsets": [end, (end := end + 4 * v.numel())]} for k, v in x.items()}).encode(); head += b" " * (-len(head) % 8)',
    `open(${JSON.stringify(to)}, "wb").write(struct.pack("<Q", len(head)) + head + b"".join(array.array("f", v.flatten().tolist()).tobytes() for v in x.values()))`,
  ].join('\n')
}

/**
 * @throws FormatError listing the tensors that belong to no layer; UnsupportedError if all are learned initial states
 */
export function assertAllKnown(
  unknown: readonly NamedTensor[],
  known: readonly TorchModule[],
  source: string,
): void {
  if (unknown.length === 0) return
  const shown = unknown.slice(0, 6).map(({ name, shape }) => `${quoted(name)} ${shapeText(shape)}`)
  const order = known.length > 0 ? findOnlyOrder(known) : null
  const more = unknown.length > 6 ? ` and ${unknown.length - 6} more` : ''
  const states = findInitialStates(unknown, known)
  if (states.length === unknown.length)
    throw new UnsupportedError({
      where: `${source}, tensors`,
      expected: 'recurrent modules that begin with a state of zeros',
      got: `a learned initial state ${shown.join(', ')}${more}`,
      fix: order
        ? { option: 'config.order', value: order, to: 'begin with zeros: the first steps give other numbers' }
        : readInOrder(),
    })
  throw new FormatError({
    where: `${source}, tensors`,
    expected: `${classNames('torch').join(', ')}, Embedding, Linear and LayerNorm modules`,
    got: `also ${shown.join(', ')}${more}`,
    fix: [...findPrefixes(known).map(readPrefix), ...(order ? [readInOrder(order)] : [])],
  })
}
