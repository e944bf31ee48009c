/**
 * What every reader gives and every writer takes: a network as Latch's own layers and weights, what its
 * numbers mean at both ends, and what was found on the way. The one type between formats and tasks.
 */
import type { Fix } from '../core/errors.ts'
import type { NetworkConfig } from '../model/config.ts'
import type { ModelDocument } from './latch/modelFile.ts'
import type { Network } from '../model/network.ts'
import type { TokenKind } from '../text/tokenizer.ts'

/** Formats that models come in. */
export const FORMAT_NAMES = ['latch', 'keras', 'torch', 'tfjs', 'onnx', 'tensorflow1'] as const

/** One of them. */
export type FormatName = (typeof FORMAT_NAMES)[number]

/** Formats that models are written in. */
export type ExportFormat = 'onnx' | 'torch' | 'keras' | 'tfjs'

/** Names of the output activations. */
export const OUTPUT_ACTIVATIONS = ['linear', 'softmax', 'logSoftmax', 'sigmoid', 'probabilities'] as const

/**
 * What people read of the network's last row: the network itself ends on logits wherever a loss knows them,
 * so a final softmax or sigmoid of the file is named here and is no layer. `probabilities`: the row's own numbers are
 * those of the classes (a single one is that of the second class), because the network ends on a squashing function.
 */
export type OutputActivation = (typeof OUTPUT_ACTIVATIONS)[number]

/** What goes in. */
export interface ModelInput {
  kind: 'ids' | 'features'
  /** Vocabulary size of ids (also of one-hot input), width of features. */
  width: number
  /** Steps where the file fixes them, else null. */
  steps: number | null
}

/** One layer as the file has it, for people. */
export interface LayerFacts {
  /** The file's own name. */
  name: string
  /** The file's own type, `LSTM`, `Bidirectional(GRU)`, `Gemm`. */
  type: string
  /** Shape of its output, `(batch, 40, 128)`; null where the file does not say. */
  output: string | null
  parameters: number
  /** `gates i f c o, hard_sigmoid, reset after`; empty where there is nothing to say. */
  conventions: string
}

/** A model read from a file, whatever wrote it. */
export interface ImportedModel {
  format: FormatName
  /** `Keras 2.10.0`, `pytorch 1.13.1`; null where the file does not say. */
  producer: string | null
  network: NetworkConfig
  /** Every parameter of `network` by its name, in PyTorch's layout. */
  weights: ReadonlyMap<string, Float32Array>
  outputActivation: OutputActivation
  input: ModelInput
  /** In the order of the outputs, where the file or the options say. */
  labels: readonly string[] | null
  /** Tokens by id, where the file or the options say. */
  vocabulary: readonly string[] | null
  /** How a text becomes tokens of that vocabulary; null where there is none. */
  tokens: TokenKind | null
  layers: readonly LayerFacts[]
  /** Sentences: conventions found and what was done about them (`update gate keeps the old`, `forget bias 1 added`). */
  warnings: readonly string[]
  /** Options that say what the file leaves open, where the warnings name what was assumed. */
  fixes?: readonly Fix[]
  /** Sentences: what the file has and the model has not (optimizer state, layers after `until`). */
  omitted: readonly string[]
  /** State goes on from call to call (Keras `stateful`). */
  stateful: boolean
  /** The Latch document of the file, its own or one that an export embedded: the whole task comes back with it. */
  document: ModelDocument | null
}

/** A model to write. Parameters are read one by one while writing: an export never holds them twice. */
export interface ExportSource {
  network: Network
  outputActivation: OutputActivation
  input: ModelInput
  labels: readonly string[] | null
  vocabulary: readonly string[] | null
  tokens: TokenKind | null
  /** The Latch document, which the file embeds in its metadata. */
  document: ModelDocument | null
  /** For the file's own name and description. */
  name: string
}

/** A written file; a format may need several (TensorFlow.js). Chunks come as they are made. */
export interface ExportedFile {
  name: string
  chunks: Iterable<Uint8Array>
}

/** The file to read and whatever lies beside it. */
export interface ModelFiles {
  /** Its name, for errors and for telling formats apart. */
  name: string
  bytes: Uint8Array
  /** Reads a file beside it by its relative name (weight shards, external data). @throws DataError where there is none */
  sibling(name: string): Promise<Uint8Array>
}

/** What a file cannot say. */
export interface ImportOptions {
  /** Configuration for files that hold weights only: Keras' own JSON, or the layers as Latch writes them. */
  config?: unknown
  /** Read only the layers up to and with this one. */
  upTo?: string
  /** Read only tensors whose names begin so (`encoder.`), as if the rest of the name were all. */
  prefix?: string
  /** Tokens by id, or ids by token. */
  vocabulary?: readonly string[] | Readonly<Record<string, number>>
  tokens?: TokenKind
  labels?: readonly string[]
  /** What is made of the last row where the file does not say. */
  outputActivation?: OutputActivation
}

/** A reader of one format, loaded when its format is met. */
export type ModelReader = (files: ModelFiles, options: ImportOptions) => Promise<ImportedModel>

/** A writer of one format, loaded when it is asked for. */
export type ModelWriter = (source: ExportSource) => Promise<readonly ExportedFile[]>
