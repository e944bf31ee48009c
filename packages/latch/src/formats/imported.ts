/**
 * The result of every reader and the input of every writer: a network as Latch layers and weights, what its
 * inputs and outputs mean, and notes on the import. The type between formats and tasks.
 */
import type { Fix } from '../core/errors.ts'
import type { NetworkConfig } from '../model/config.ts'
import type { ModelDocument } from './latch/modelFile.ts'
import type { NamedTensor } from './safetensors/safetensors.ts'
import type { Network } from '../model/network.ts'
import type { Side, TextInput } from '../text/textRules.ts'
import type { TokenKind } from '../text/tokenizer.ts'
import type { Names } from '../core/knownNames.ts'

/** The names of the import formats. */
export const FORMAT_NAMES = ['latch', 'keras', 'torch', 'tfjs', 'onnx', 'tensorflow1'] as const

/** An import format. */
export type FormatName = (typeof FORMAT_NAMES)[number]

/** An export format. */
export type ExportFormat = 'onnx' | 'torch' | 'keras' | 'tfjs'

/** Names of the output activations. */
export const OUTPUT_ACTIVATIONS = ['linear', 'softmax', 'logSoftmax', 'sigmoid', 'probabilities'] as const

/**
 * The function from the network's last row to the prediction. The network ends on logits if a loss takes them,
 * so a final softmax or sigmoid of the file is named here and is not a layer. `probabilities`: the numbers of the row are
 * the probabilities of the classes (a single one is that of the second class): the network ends on a squashing function.
 */
export type OutputActivation = (typeof OUTPUT_ACTIVATIONS)[number]

/** The input of a model. */
export interface ModelInput {
  kind: 'ids' | 'features'
  /** Vocabulary size of ids (also of one-hot input), width of features. */
  width: number
  /** The number of steps if the file fixes it, else null. */
  steps: number | null
}

/** A description of one layer of the file. */
export interface LayerFacts {
  /** The layer's name in the file. */
  name: string
  /** The layer's type in the file: `LSTM`, `Bidirectional(GRU)`, `Gemm`. */
  type: string
  /** Shape of its output, `(batch, 40, 128)`; null if unknown. */
  output: string | null
  parameters: number
  /** `gates i f c o, hard_sigmoid, reset after`; empty if there is nothing to report. */
  conventions: string
}

/** A model read from a file of any format. */
export interface ImportedModel {
  format: FormatName
  /** `Keras 2.10.0`, `pytorch 1.13.1`; null if the file does not name it. */
  producer: string | null
  network: NetworkConfig
  /** Every parameter of `network` by its name, in PyTorch's layout. */
  weights: ReadonlyMap<string, Float32Array>
  outputActivation: OutputActivation
  input: ModelInput
  /** In the order of the outputs, from the file or the options. */
  labels: readonly string[] | null
  /** Tokens by id, from the file or the options. */
  vocabulary: readonly string[] | null
  /** How texts are tokenized; null without a vocabulary. */
  tokens: TokenKind | null
  /** What the file says about texts; after `readModel` all of it. */
  textInput?: Partial<TextInput> | null
  layers: readonly LayerFacts[]
  /** Sentences: conventions found and how they were handled (`forget bias 1 added`). */
  warnings: readonly string[]
  /** Options for what the file does not specify; the warnings name what was assumed. */
  fixes?: readonly Fix[]
  /** Sentences: parts of the file that are not in the model (optimizer state, layers after `upTo`). */
  omitted: readonly string[]
  /** The state is kept from call to call (Keras `stateful`). */
  stateful: boolean
  /** The counts of words of a Latch file, which are no weights. */
  counts?: readonly NamedTensor[]
  /** The Latch document of the file, its own or embedded by an export, which restores the whole task. */
  document: ModelDocument | null
}

/** A model to write. Parameters are read one by one while writing: an export never copies all of them. */
export interface ExportSource {
  network: Network
  outputActivation: OutputActivation
  input: ModelInput
  labels: readonly string[] | null
  vocabulary: readonly string[] | null
  tokens: TokenKind | null
  /** The state is kept from call to call (Keras `stateful`). */
  stateful?: boolean
  /** The model also counts words, which no other format has: the file is of the network alone. */
  countsWords?: boolean
  /** The Latch document, which the file embeds in its metadata. */
  document: ModelDocument | null
  /** For the file's name and description. */
  name: string
}

/** A written file; a format may need several (TensorFlow.js). Chunks are generated on demand. */
export interface ExportedFile {
  name: string
  chunks: Iterable<Uint8Array>
  /**
   * Of a file that names the others: the same with other names for them. A folder's old files then stay until the new
   * ones are complete.
   */
  chunksNaming?(names: ReadonlyMap<string, string>): Iterable<Uint8Array>
  /** Sentences, with the first file: what the format cannot say of the model. */
  omitted?: readonly string[]
}

/** The file to read, and the files it refers to. */
export interface ModelFiles {
  /** Its name, for errors and to identify the format. */
  name: string
  bytes: Uint8Array
  /** Reads a companion file by its relative name (weight shards, external data). @throws DataError if it is missing */
  sibling(name: string): Promise<Uint8Array>
}

/** Tokens by id, ids by token, the object of Keras' `tokenizer.to_json()`, or the JSON of one of these. */
export type VocabularyOption =
  | readonly string[]
  | Readonly<Record<string, number>>
  | Readonly<{ class_name: string; config: object }>
  | string

/** What a file may not contain. */
export interface ImportOptions {
  /** Configuration for files of weights only: the JSON of Keras, or a list of Latch layers. */
  config?: unknown
  /** Read only the layers up to and including this one. */
  upTo?: string
  /** Read only tensors with this name prefix (`encoder.`), and remove the prefix. */
  prefix?: string
  /**
   * Tokens by id, ids by token (Keras' `word_index`), or what Keras' `tokenizer.to_json()` returns, which also says how
   * texts are split; each also as JSON.
   */
  vocabulary?: VocabularyOption
  tokens?: TokenKind
  /** The token that stands for those outside the vocabulary; `drop`: they are left out, as Keras' Tokenizer does. */
  unknownToken?: string
  /** Where texts shorter than the model's steps are padded. Default `pre`, as Keras' `pad_sequences`. */
  padding?: Side
  /** The end at which longer texts are cut. Default `pre`, as Keras' `pad_sequences`. */
  truncating?: Side
  /** The length to which texts are padded and cut. Default: the steps of the file, if it fixes them. */
  maxLength?: number
  /** The id of padding. Default 0. */
  paddingId?: number
  labels?: readonly string[]
  /** The output activation, if the file does not contain it. */
  outputActivation?: OutputActivation
  /** Opens files with NaN or infinite weights, to inspect them. Default false. */
  allowNonFinite?: boolean
}

/** Names of these options, for checks of names. */
export const IMPORT_OPTIONS: Names<ImportOptions> = {
  config: 1,
  upTo: 1,
  prefix: 1,
  vocabulary: 1,
  tokens: 1,
  unknownToken: 1,
  padding: 1,
  truncating: 1,
  maxLength: 1,
  paddingId: 1,
  labels: 1,
  outputActivation: 1,
  allowNonFinite: 1,
}

/** Names of the options of an import, as in `ImportOptions`. */
export const IMPORT_OPTION_NAMES: readonly string[] = Object.keys(IMPORT_OPTIONS)

/** A reader of one format, loaded when it is needed. */
export type ModelReader = (files: ModelFiles, options: ImportOptions) => Promise<ImportedModel>

/** A writer of one format, loaded when it is needed. */
export type ModelWriter = (source: ExportSource) => Promise<readonly ExportedFile[]>
