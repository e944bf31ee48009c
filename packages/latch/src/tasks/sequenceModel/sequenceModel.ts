/**
 * A sequence model of any origin: a network with what its numbers mean at both ends. It predicts, streams,
 * traces, learns on and is saved like every model; imports become one, unless they carry a task of Latch.
 */
import type { EngineOptions } from '../../engine/engine.ts'
import type {
  OutputActivation,
  ExportedFile,
  ExportFormat,
  ExportSource,
  ImportedModel,
  ModelInput,
} from '../../formats/imported.ts'
import { writeModel } from '../../formats/write.ts'
import type { EncodedText, ReadingModel } from '../../inspection/trace/subject.ts'
import type { Trace } from '../../inspection/trace/traceTypes.ts'
import type { Targets } from '../../layers/loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { allLayers } from '../../model/allLayers.ts'
import { Network, networkFromConfig } from '../../model/network.ts'
import { OneTraining } from '../../model/oneTraining.ts'
import { DataError, FormatError, ShapeError } from '../../core/errors.ts'
import type { FitReport } from '../../training/events.ts'
import type { SequenceFitOptions, SequenceRow } from './fit.ts'
import { predictionOf, type SequencePrediction } from './prediction.ts'
import { exportSourceOf, readSequenceModel, writeSequenceModel } from './file.ts'
import { factsOf, namesOf, withLoss, type ModelSource, type SequenceParts } from './parts.ts'
import { SequenceReader, type ReadSequence, type SequenceInput } from './reader.ts'
import { CarriedStates } from './carriedStates.ts'
import { SequenceStream } from './stream.ts'
import { targetOf, traceRead } from './trace.ts'
import { storage } from '../files/storage.ts'

/** Sequences that go through the network together. */
const BATCH = 64

/** A network from elsewhere at work; made by `importModel`, `load` or `fromBytes`. */
export class SequenceModel implements ReadingModel {
  readonly #parts: SequenceParts
  readonly #names: readonly string[]
  readonly #reader: SequenceReader
  readonly #states: CarriedStates
  readonly #runs = new OneTraining()

  /**
   * From what a reader found.
   * @throws FormatError for weights that are missing or do not fit; UsageError for labels that are not as many
   * as the outputs
   */
  constructor(imported: ImportedModel | SequenceParts, engine: EngineOptions = {}) {
    this.#parts =
      imported.network instanceof Network
        ? (imported as SequenceParts)
        : partsOf(imported as ImportedModel, engine)
    const { network } = this.#parts
    this.#names = namesOf(this.#parts)
    this.#reader = new SequenceReader(this.#parts, fixedSteps(this.#parts))
    this.#states = new CarriedStates(network)
  }

  /** The network inside: layers, named parameters, engine. */
  get network(): Network {
    return this.#parts.network
  }

  /** What is made of the network's last row. */
  get outputActivation(): OutputActivation {
    return this.#parts.outputActivation
  }

  /** What goes in: ids or features, and how wide. */
  get input(): ModelInput {
    return this.#parts.input
  }

  /**
   * Names of the classes, in their order: as the file or the options gave them; of a model that says its next
   * token, the vocabulary; else class numbers `0`, `1`, … Where outputs are numbers they name those.
   */
  get labels(): readonly string[] {
    return this.#names
  }

  /** Tokens by id; null where there are none. */
  get vocabulary(): readonly string[] | null {
    return this.#parts.vocabulary
  }

  /** How a text becomes tokens; null where there is no vocabulary. */
  get tokens(): 'character' | 'word' | null {
    return this.#parts.tokens
  }

  /** Whether `predict` takes words or letters. */
  get readsText(): boolean {
    return this.#reader.readsText
  }

  /** Whether its state goes on from call to call unless told otherwise (Keras `stateful`). */
  get stateful(): boolean {
    return this.#parts.stateful
  }

  /** Conventions found when it was imported and what was done about them, each a sentence. */
  get warnings(): readonly string[] {
    return this.#parts.warnings
  }

  /** Where it came from. */
  get source(): ModelSource {
    return this.#parts.source
  }

  get parameterCount(): number {
    return this.network.parameterCount
  }

  /**
   * What the model says of one sequence.
   * @param options.stateful go on from the state that the last such call left; default as the model says
   * @throws DataError, ShapeError for what is no input of this model
   */
  predict(input: SequenceInput, options: { stateful?: boolean } = {}): SequencePrediction {
    const read = this.#reader.read(input)
    const batch = this.#reader.batchOf([read])
    if (!(options.stateful ?? this.stateful)) return this.#say(batch)[0]
    this.#states.give(batch)
    const said = this.#say(batch)[0]
    this.#states.take(batch)
    return said
  }

  /** What the model says of many sequences of any lengths, each from the beginning. */
  predictBatch(inputs: readonly SequenceInput[]): SequencePrediction[] {
    const read = inputs.map((input) => this.#reader.read(input))
    const order = read.map((_, i) => i).sort((a, b) => read[b].steps - read[a].steps || a - b)
    const out = new Array<SequencePrediction>(inputs.length)
    for (let from = 0; from < order.length; from += BATCH) {
      const numbers = order.slice(from, from + BATCH)
      const said = this.#say(this.#reader.batchOf(numbers.map((i) => read[i])))
      numbers.forEach((i, b) => (out[i] = said[b]))
    }
    return out
  }

  /** Forgets the state that `stateful` predictions go on from. */
  reset(): void {
    this.#states.forget()
  }

  /**
   * A text (or typed token ids, where there is no vocabulary) as the model reads it: with it the whole of
   * `latch/inspection` takes this model.
   * @throws DataError for a model of features, and for tokens that it does not know
   */
  encode(text: string): EncodedText {
    const { tokens, ids, known } = this.#reader.read(text)
    if (ids) return { tokens, ids, known }
    const remedy = 'Give the packed batch of model.read(rows) instead.'
    throw new DataError({
      where: 'encode',
      expected: 'a model that reads ids',
      got: 'one of features',
      remedy,
    })
  }

  /** An input as the network takes it, and what stands for its steps: for `latch/inspection`, which takes `batch`. */
  read(input: SequenceInput): ReadSequence & { batch: PackedBatch } {
    const read = this.#reader.read(input)
    return { ...read, batch: this.#reader.batchOf([read]) }
  }

  /**
   * What gradients are of: a class of the sequence (of its last step, where every step is answered), or one
   * number of the output, as `trace` takes it. For `latch/inspection`, which takes targets.
   * @param label default what the model says; of numbers the first
   */
  targets(input: SequenceInput, label: string | number | null = null): Targets {
    return targetOf(this.#parts, this.read(input).batch, this.#names, label).targets
  }

  /**
   * Reads a sequence as it comes in: `stream.push(step)` gives the answer so far.
   * @throws UnsupportedError for layers that need what comes after a step
   */
  stream(): SequenceStream {
    return new SequenceStream(this.#parts, this.#names, this.#reader)
  }

  /**
   * Follows a sequence step by step: gates by name, states, the output so far, gradients on their way back.
   * Where outputs are numbers (`numbers` is set), gradients are of one of them and `probabilities` holds them.
   * @param options.label whose loss the gradients are of; default what the model says; of numbers the first
   * @throws UnsupportedError for networks without a recurrent layer; DataError for a label that there is not
   */
  trace(input: SequenceInput, options: { label?: string | number } = {}): Trace {
    const read = this.read(input)
    const text = typeof input === 'string' ? input : read.tokens.join(' ')
    const { batch } = read
    const label = options.label ?? null
    return traceRead({ parts: this.#parts, names: this.#names, read, batch, text, label })
  }

  /**
   * Fine-tunes on rows: `{ input, target }`, targets as the network answers (a class by name or number, numbers,
   * or a list with one for each step). The loss is the one of the network's configuration.
   * @throws DataError naming the row; UsageError for an option; DivergenceError
   */
  async fit(rows: Iterable<SequenceRow>, options: SequenceFitOptions = {}): Promise<FitReport> {
    const end = this.#runs.begin('fit')
    try {
      // Only who trains loads what that takes.
      const { fitSequences } = await import('./fit.ts')
      return await fitSequences(this.#parts, this.#names, this.#reader, rows, options)
    } finally {
      end()
    }
  }

  /** The model file's bytes: weights, network, vocabulary, labels, where it came from. */
  toBytes(): Uint8Array {
    return writeSequenceModel(this.#parts)
  }

  /** Writes the model file (Node), atomically. */
  async save(path: string): Promise<void> {
    await storage().write(path, this.toBytes())
  }

  /** @throws FormatError naming what is wrong with the bytes and where */
  static fromBytes(bytes: Uint8Array, source = 'model bytes', engine: EngineOptions = {}): SequenceModel {
    return new SequenceModel(readSequenceModel(bytes, source, engine))
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<SequenceModel> {
    return SequenceModel.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * The model in another format: its files, whose chunks are made as they are read.
   * @throws UnsupportedError naming the layer that the format has no word for
   */
  async exportTo(format: ExportFormat, name = 'model'): Promise<readonly ExportedFile[]> {
    return writeModel(this.exportSource(name), format)
  }

  /** What writers of other formats take. */
  exportSource(name = 'model'): ExportSource {
    return exportSourceOf(this.#parts, name)
  }

  /**
   * Gives the model's memory back at once; anything that is asked of it afterwards throws.
   * @throws UsageError while a training is under way
   */
  dispose(): void {
    this.#runs.refuse('dispose')
    this.network.dispose()
  }

  #say(batch: PackedBatch): SequencePrediction[] {
    const { network, outputActivation } = this.#parts
    network.forward(batch)
    const out = network.readOutput(batch)
    const { width, per } = network.output
    const said = new Array<SequencePrediction>(batch.sequences)
    batch.sortedIndices.forEach((number, b) => {
      const places = per === 'step' ? batch.lengths[b] : 1
      const first = number * (per === 'step' ? batch.steps : 1)
      const rows = Array.from({ length: places }, (_, t) =>
        out.subarray((first + t) * width, (first + t + 1) * width),
      )
      said[number] = predictionOf(network, rows, outputActivation, this.#names)
    })
    return said
  }
}

function partsOf(imported: ImportedModel, engine: EngineOptions): SequenceParts {
  const facts = factsOf(imported)
  const weights = ({ name, size }: { name: string; size: number }) => {
    const values = imported.weights.get(name)
    if (values?.length === size) return values
    const got = values ? `${values.length}` : 'none of that name'
    throw new FormatError({
      where: `imported ${imported.format}, weights ${name}`,
      expected: `${size} numbers`,
      got,
    })
  }
  const config = withLoss(imported.network, facts.outputActivation)
  const network = networkFromConfig(config, allLayers, { ...engine, weights })
  const first = imported.network.layers[0] as { vocabulary?: number; width?: number }
  const width = first.vocabulary ?? first.width
  if (width === facts.input.width && (facts.vocabulary?.length ?? 0) <= facts.input.width) {
    return { ...facts, network }
  }
  const expected = `a vocabulary of at most ${width} tokens, the size of the input`
  throw new ShapeError({
    where: 'vocabulary',
    expected,
    got: `${facts.vocabulary?.length ?? facts.input.width}`,
  })
}

/** A flattened sequence has one length only; anything else takes any. */
function fixedSteps({ network, input }: SequenceParts): number | null {
  const flat = network.config.layers.some(({ type }) => type === 'flatten')
  return flat ? input.steps : null
}
