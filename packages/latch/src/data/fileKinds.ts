/**
 * Files that are no tables of text, by their first bytes: each with what to do. People give the workbook, the archive
 * it was downloaded in, or the model.
 */
import { DataError } from '../core/errors.ts'
import { latin1 } from './encoding/decoders.ts'

export interface FileKind {
  /** `an Excel workbook (.xlsx)`. */
  what: string
  remedy: string
}

const EXPORT = 'Export the sheet as CSV (UTF-8), and give that file.'
const UNPACK = 'Unpack it, and give the table inside.'
const MODEL = 'Give a table of texts and labels instead.'
const CONVERT = 'Save it as CSV, JSON Lines or Parquet.'
const NO_TABLE = 'Give a table: CSV, TSV, JSON Lines, JSON or Parquet.'

/** First bytes, as text of one byte a character. */
const SIGNATURES: readonly (readonly [start: string | RegExp, what: string, remedy: string])[] = [
  ['\x1f\x8b', 'gzip data inside gzip data', 'Decompress it twice.'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'an old Office document, such as an Excel workbook (.xls)', EXPORT],
  [
    /^PAR1[^ -~]/,
    'a Parquet file',
    'Read it as a table: `readTable` or `readTexts` in Node, `--file` on the command line.',
  ],
  ['\x93NUMPY', 'a NumPy array (.npy)', CONVERT],
  ['\x89HDF\r\n\x1a\n', 'an HDF5 file, such as a Keras model (.h5)', MODEL],
  ['ARROW1\0\0', 'an Arrow or Feather file', CONVERT],
  [/^FEA1[^ -~]/, 'a Feather file', CONVERT],
  [/^ORC[^ -~\t\r\n]/, 'an ORC file', CONVERT],
  ['Obj\x01', 'an Avro file', CONVERT],
  ['SQLite format 3\0', 'an SQLite database', 'Export the table as CSV.'],
  ['%PDF-', 'a PDF document', NO_TABLE],
  ['\x89PNG\r\n\x1a\n', 'a PNG picture', NO_TABLE],
  ['\xff\xd8\xff', 'a JPEG picture', NO_TABLE],
  [/^GIF8[79]a/, 'a GIF picture', NO_TABLE],
  [/^BZh[1-9]1AY&SY/, 'bzip2 data', UNPACK],
  ['\xfd7zXZ\0', 'xz data', UNPACK],
  ['\x28\xb5\x2f\xfd', 'zstd data', UNPACK],
  ['MATLAB 5.0 MAT-file', 'a MATLAB file (.mat)', CONVERT],
  ['\0asm', 'a WebAssembly module', NO_TABLE],
  ['\x7fELF', 'a program', NO_TABLE],
  ['ID3\x03', 'an MP3 file', NO_TABLE],
  [/^RIFF[^]{4}(?:WAVE|WEBP|AVI )/, 'a sound, picture or video file', NO_TABLE],
  [/^[^]{4}TFL3/, 'a TensorFlow Lite model', MODEL],
  ['7z\xbc\xaf\x27\x1c', 'a 7z archive', UNPACK],
  ['Rar!\x1a\x07', 'a RAR archive', UNPACK],
  [/^[^]{257}ustar/, 'a tar archive', UNPACK],
  [/^\x80[\x02-\x05][^]/, 'a Python pickle, such as an old PyTorch file (.pt, .pkl)', CONVERT],
  // ir_version, then producer_name or the graph: what ONNX models begin with.
  [/^\x08[\x01-\x20](?:\x12[\x01-\x40][\w.-]|\x3a[^]{2})/, 'an ONNX model', MODEL],
]

/** Text other than a table, by its start. */
const TEXTS: readonly (readonly [start: RegExp, what: string, remedy: string])[] = [
  [/^\{\\rtf/, 'a rich text document (.rtf)', NO_TABLE],
  [/^\s*<(?:!doctype html|html|head|body)\b/i, 'an HTML page', 'Check the download: give the file itself.'],
  [/^\s*<\?xml\b/i, 'an XML document', CONVERT],
  [
    /^version https:\/\/git-lfs\.github\.com\/spec\//,
    'a pointer of Git LFS',
    'Fetch the file: git lfs pull.',
  ],
]

/** Entries of zip files that show the kind of the file; the first that is there decides. */
const ENTRIES: readonly (readonly [entry: RegExp, what: string, remedy: string])[] = [
  [/^xl\//, 'an Excel workbook (.xlsx)', EXPORT],
  [/^word\//, 'a Word document (.docx)', NO_TABLE],
  [/^ppt\//, 'a PowerPoint document (.pptx)', NO_TABLE],
  [/^(?:.*\/)?data\.pkl$|^.*\/byteorder$/, 'a PyTorch file (.pt)', MODEL],
  [/^(?:metadata\.json|model\.weights\.h5)$/, 'a Keras model (.keras)', MODEL],
  [/\.npy$/, 'NumPy arrays (.npz)', CONVERT],
  [/^Index\/.*\.iwa$/, 'a Numbers or Pages document', EXPORT],
]

/** What a file is, unless it is a table of text; Parquet among them. */
export function kindOfFile(head: Uint8Array): FileKind | undefined {
  const text = latin1(head.subarray(0, 4096))
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return kindOfZip(head)
  if (isSafetensors(head)) {
    const own = text.includes('latch') ? 'a Latch model (.safetensors)' : 'weights of a model (.safetensors)'
    return { what: own, remedy: MODEL }
  }
  for (const [start, what, remedy] of SIGNATURES) {
    if (typeof start === 'string' ? text.startsWith(start) : start.test(text)) return { what, remedy }
  }
  return undefined
}

/** Whether bytes start with the signature of gzip (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Whether bytes start with the signature of a Parquet file. */
export function isParquet(head: Uint8Array): boolean {
  return /^PAR1[^ -~]/.test(latin1(head.subarray(0, 5)))
}

/** @throws DataError for a file that is not text, naming its kind */
export function assertTextFile(head: Uint8Array, name: string, expected = 'a table of text'): void {
  const kind = kindOfFile(head)
  if (kind) throw new DataError({ where: name, expected, got: kind.what, remedy: kind.remedy })
}

/** @throws DataError for text that is not a table, such as a page or a document */
export function assertTableText(head: string, name: string): void {
  const [, got, remedy] = TEXTS.find(([start]) => start.test(head.slice(0, 1024))) ?? []
  if (got) throw new DataError({ where: name, expected: 'a table of text', got, remedy })
}

/** The names of the entries that begin in the head decide. */
function kindOfZip(head: Uint8Array): FileKind {
  const names: string[] = []
  const text = latin1(head)
  for (let at = 0; at >= 0; at = text.indexOf('PK\x03\x04', at + 4)) {
    const length = head[at + 26] + 256 * head[at + 27]
    names.push(text.slice(at + 30, at + 30 + length))
  }
  if (text.includes('mimetypeapplication/vnd.oasis.opendocument.spreadsheet')) {
    return { what: 'an OpenDocument spreadsheet (.ods)', remedy: EXPORT }
  }
  if (text.includes('mimetypeapplication/')) return { what: 'an OpenDocument document', remedy: NO_TABLE }
  for (const [entry, what, remedy] of ENTRIES) {
    if (names.some((one) => entry.test(one))) return { what, remedy }
  }
  if (names.includes('[Content_Types].xml'))
    return { what: 'an Office document, such as a workbook', remedy: EXPORT }
  const shown = names[0] ? ` that holds "${names[0].slice(0, 60)}"` : ''
  return { what: `a zip archive${shown}`, remedy: UNPACK }
}

/** The length of a JSON header as a 64-bit number, then the header. */
function isSafetensors(head: Uint8Array): boolean {
  return (
    head.length > 9 && head[8] === 0x7b && head[9] === 0x22 && head.subarray(4, 8).every((byte) => byte === 0)
  )
}
