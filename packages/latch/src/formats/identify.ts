/**
 * Identifies the format of a model file from its first bytes and contents, and otherwise from its name.
 * Only what distinguishes formats is parsed here; the readers check everything.
 */
import { FormatError, UnsupportedError } from '../core/errors.ts'
import { isParquet, kindOfFile } from '../data/fileKinds.ts'
import type { FormatName } from './imported.ts'

/** The supported files, for errors. */
export const KNOWN_FORMATS =
  'a Latch model, PyTorch weights as .safetensors, a Keras .keras or .h5 file, an .onnx file, a TensorFlow.js model.json or a TensorFlow 1 manifest.json'

/**
 * The format of a file. Pickles and PyTorch's zips count as `torch`, whose reader fails with the lines
 * that convert them.
 * @param name the file's name, for errors and when the bytes do not suffice
 * @throws UnsupportedError for known but unsupported formats (TensorFlow's SavedModel, TFLite);
 * FormatError for other files, with the list of supported ones
 */
export function identify(bytes: Uint8Array, name: string): FormatName {
  const found =
    safetensorsFormat(bytes) ?? binaryFormat(bytes) ?? archiveFormat(bytes, name) ?? jsonFormat(bytes, name)
  if (found) return found
  assertNotKnown(bytes, name)
  if (/\.onnx$/i.test(name) && bytes.length > 0 && isProtobuf(bytes)) return 'onnx'
  // The reader explains what is damaged; text is another file, whatever its name.
  const [, ending] = /\.(safetensors|onnx|h5|hdf5|keras|pt|pth|pkl)$/i.exec(name) ?? []
  const isOther = bytes.length === 0 || (bytes.length >= LEAST_TEXT && isText(bytes.subarray(0, 4096)))
  if (ending && !isOther) return BY_ENDING[ending.toLowerCase()]
  const other = otherFile(bytes)
  // What a failed download leaves: a page, or a pointer to the file.
  const remedy = ending && other.remedy ? 'Look into it: a download may have failed.' : other.remedy
  throw new FormatError({ where: name, expected: KNOWN_FORMATS, ...other, remedy })
}

/** Shorter files may be the beginning of anything. */
const LEAST_TEXT = 16

const BY_ENDING: Readonly<Record<string, FormatName>> = {
  safetensors: 'latch',
  onnx: 'onnx',
  h5: 'keras',
  hdf5: 'keras',
  keras: 'keras',
  pt: 'torch',
  pth: 'torch',
  pkl: 'torch',
}

const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

function binaryFormat(bytes: Uint8Array): FormatName | null {
  // The signature may follow a user block of 512 bytes or a power of two times that.
  for (let at = 0; at < Math.min(bytes.length, 2 ** 16); at = at === 0 ? 512 : at * 2) {
    if (beginsWith(bytes, HDF5, at)) return 'keras'
  }
  const pickle = bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes[2] !== 0
  if (pickle) return 'torch'
  return isOnnx(bytes) ? 'onnx' : null
}

function archiveFormat(bytes: Uint8Array, name: string): FormatName | null {
  if (!beginsWith(bytes, [0x50, 0x4b, 0x03, 0x04])) return null
  // The names of members are in the directory at the end of the archive, and before each member.
  const ends = latin(bytes.subarray(0, 2 ** 16)) + latin(bytes.subarray(Math.max(0, bytes.length - 2 ** 16)))
  if (/model\.weights\.h5|config\.json/.test(ends)) return 'keras'
  if (/data\.pkl/.test(ends) || /\.(pt|pth|pkl|bin|ckpt)$/i.test(name)) return 'torch'
  if (/\.keras$/i.test(name)) return 'keras'
  const got = 'a zip archive with neither config.json (Keras) nor data.pkl (PyTorch) in it'
  throw new FormatError({ where: name, expected: KNOWN_FORMATS, got })
}

function jsonFormat(bytes: Uint8Array, name: string): FormatName | null {
  let start = beginsWith(bytes, [0xef, 0xbb, 0xbf]) ? 3 : 0
  while (start < bytes.length && [0x20, 0x09, 0x0a, 0x0d].includes(bytes[start])) start++
  // A truncated safetensors file may begin with `{` too, followed by zeros.
  if (bytes[start] !== 0x7b || bytes[start + 1] === 0) return null
  const text = latin(bytes)
  if (/"(weightsManifest|modelTopology)"\s*:/.test(text)) return 'tfjs'
  if (/"filename"\s*:/.test(text) && /"shape"\s*:/.test(text)) return 'tensorflow1'
  const config = /"class_name"\s*:/.test(text)
  // JSON Lines: an object on each line.
  if (!config && /^\s*\{[^\n]*\}\s*\n\s*(?:\{|$)/.test(text.slice(0, 2 ** 16))) return null
  throw new FormatError({
    where: name,
    expected: KNOWN_FORMATS,
    got: config ? 'a Keras configuration without weights' : 'other JSON',
    ...(config && {
      remedy: 'Open the weights file instead.',
      fix: { option: 'config', to: 'describe its layers with this file' },
    }),
  })
}

/** Before the others: the length of a header may begin with the bytes of another format (`{`, a pickle's). */
function safetensorsFormat(bytes: Uint8Array): FormatName | null {
  if (bytes.length < 10) return null
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length < 2 || length > bytes.length - 8 || bytes[8] !== 0x7b) return null
  // The metadata alone has texts for values. Quotes within a text are escaped.
  return /(?<!\\)"latch"\s*:\s*"/.test(latin(bytes.subarray(8, 8 + length))) ? 'latch' : 'torch'
}

function assertNotKnown(bytes: Uint8Array, name: string): void {
  if (beginsWith(bytes, [0x54, 0x46, 0x4c, 0x33], 4)) throwUnsupported('a TensorFlow Lite model')
  if (/\.pb$/i.test(name)) throwUnsupported('a TensorFlow graph or SavedModel')
  function throwUnsupported(got: string): never {
    const remedy = 'Save the original Keras model as .keras, or export it to ONNX.'
    throw new UnsupportedError({ where: name, expected: KNOWN_FORMATS, got, remedy })
  }
}

/** ONNX's ModelProto: fields with numbers it knows, and a graph (field 7). https://onnx.ai/onnx/repo-docs/IR.html */
function isOnnx(bytes: Uint8Array): boolean {
  let graph = false
  const sound = eachField(bytes, (field, wire) => {
    if (field === 7 && wire === 2) graph = true
    return MODEL_FIELDS.has(field)
  })
  return sound && graph
}

const MODEL_FIELDS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26])

function isProtobuf(bytes: Uint8Array): boolean {
  return eachField(bytes, () => true)
}

/** Visits the fields of a message without entering them; false if it is not a message or `take` returns false. */
function eachField(bytes: Uint8Array, take: (field: number, wire: number) => boolean): boolean {
  let at = 0
  const varint = (): number => {
    let [value, scale] = [0, 1]
    for (let i = 0; i < 10 && at < bytes.length; i++, scale *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return -1
  }
  for (let fields = 0; at < bytes.length; fields++) {
    const tag = varint()
    const [field, wire] = [Math.floor(tag / 8), tag % 8]
    if (tag < 8 || fields > 100_000 || !take(field, wire)) return false
    const size =
      wire === 2 ? varint() : wire === 0 ? (varint() < 0 ? -1 : 0) : wire === 1 ? 8 : wire === 5 ? 4 : -1
    if (size < 0 || size > bytes.length - at) return false
    at += size
  }
  return at > 0
}

function beginsWith(bytes: Uint8Array, signature: readonly number[], at = 0): boolean {
  return signature.every((byte, i) => bytes[at + i] === byte)
}

/** Bytes as Latin-1 text, which suffices for ASCII names. */
function latin(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes)
}

/** What a file that is not a model contains, and what to do with a table. */
function otherFile(bytes: Uint8Array): { got: string; remedy?: string } {
  if (bytes.length === 0) return { got: 'an empty file' }
  const isTable = isParquet(bytes)
  const kind = kindOfFile(bytes.subarray(0, 2 ** 16))
  if (kind && !isTable) return { got: kind.what }
  if (!isTable && !isText(bytes.subarray(0, 4096))) return { got: glance(bytes) }
  return {
    got: isTable ? 'a table (Parquet)' : 'text, such as a table',
    remedy: 'Give a model file instead, and the table as the data.',
  }
}

/** Without control characters other than white space. */
function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))
}

function glance(bytes: Uint8Array): string {
  const first = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0'))
  return `a file that begins with bytes ${first.join(' ')}`
}
