/** A sequence model: any network, with the meaning of its inputs and outputs. Built from scratch or imported. */
import { ENGINE_OPTIONS, type EngineOptions } from '../../engine/engine.ts'
import type { OutputActivation, ImportedModel, ModelInput } from '../../formats/imported.ts'
import { FormatError, ShapeError } from '../../core/errors.ts'
import { buildNetwork } from '../../model/network.ts'
import { packSequences } from '../encoding.ts'
import type { ModelStream, Prediction, PredictOptions } from '../model.ts'
import { interpret, outputRows, ranking } from '../prediction.ts'
import type { TaskDefinition } from '../task.ts'
import { TaskModel, type ModelStart } from '../taskModel.ts'
import { CarriedStates } from '../../model/carriedStates.ts'
import { resolveFacts, withLoss, type ModelSource } from './facts.ts'
import {
  completeBeamSearch,
  searchBeams,
  type BeamSearchOptions,
  type Continuation,
} from '../generation/beamSearch.ts'
import { Generation } from '../generation/generation.ts'
import { completeGeneration, type GenerateOptions } from '../generation/sampling.ts'
import type { SequenceInput } from './reader.ts'
import { sequenceWriter } from './writer.ts'
import { completeFacts, type SequenceTypes } from './learned.ts'
import { nameOutputs } from './outputNames.ts'
import { SequenceStream } from './sequenceStream.ts'
import { sequenceTask } from './task.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import { assertKnownOptions } from '../../core/knownNames.ts'

/** A network with the meaning of its inputs and outputs; created by `sequenceModel`, an import, `load` or `fromBytes`. */
export class SequenceModel extends TaskModel<SequenceTypes> {
  static readonly task: TaskDefinition<SequenceTypes> = sequenceTask

  #states: CarriedStates | null = null

  /** Takes the parts that were built or read from a file. @throws UsageError for an unknown engine option */
  constructor(start: ModelStart<SequenceTypes>, engine: EngineOptions = {}) {
    assertKnownOptions('engine option', engine, ENGINE_OPTIONS)
    super(start, engine)
  }

  /** The function from the network's last row to `output`. */
  get outputActivation(): OutputActivation {
    return this.trained.learned.outputActivation
  }

  /** The input: ids or features, and the width. */
  get input(): ModelInput {
    return this.trained.learned.input
  }

  /** Tokens by id; null without a vocabulary. */
  get vocabulary(): readonly string[] | null {
    return this.trained.learned.vocabulary
  }

  /** How texts are tokenized; null without a vocabulary. */
  get tokens(): TokenKind | null {
    return this.trained.learned.tokens
  }

  /** Whether inputs can be texts. */
  get readsText(): boolean {
    return this.trained.learned.reader.readsText
  }

  /** Whether the state is kept from call to call by default (Keras `stateful`). */
  get stateful(): boolean {
    return this.trained.learned.stateful
  }

  /** Conventions found on import and how they were handled, each a sentence. */
  get warnings(): readonly string[] {
    return this.trained.learned.warnings
  }

  /** The source of an imported model. */
  get source(): ModelSource {
    return this.trained.learned.source
  }

  /**
   * The prediction for one input, or for each input of a list. One input is a text, a list of token ids, or features as
   * a list of rows or flat.
   * @param options.stateful for one input: starts from the state of the previous call, which `reset` clears; default
   * the model's own `stateful`
   * @param options.top also lists this many of the most likely labels, the first first
   * @throws UsageError for `top` of a model of numbers; DataError, ShapeError for an input that this model cannot read
   */
  override predict(input: SequenceInput, options?: PredictOptions & { stateful?: boolean }): Prediction
  override predict(inputs: readonly SequenceInput[], options?: PredictOptions): Prediction[]
  override predict(
    input: SequenceInput | readonly SequenceInput[],
    options: PredictOptions & { stateful?: boolean } = {},
  ): Prediction | Prediction[] {
    assertKnownOptions('predict option', options, { stateful: 1, top: 1 })
    const { stateful, ...rest } = options
    const { trained } = this
    const rank = ranking<Prediction>(trained, rest)
    const goesOn = stateful ?? this.stateful
    if (!goesOn || sequenceTask.isMany(trained.learned, input))
      return super.predict(input as SequenceInput, rest)
    const batch = packSequences([this.encode(input as SequenceInput)], this.input)
    this.#states ??= new CarriedStates(trained.network)
    this.#states.write(batch)
    const [rows] = outputRows(trained.network, batch)
    this.#states.read(batch)
    return rank(interpret(sequenceTask, trained, rows))
  }

  /** Reads a sequence as it comes in. Errors: see Model.stream. */
  override stream(): ModelStream<SequenceTypes['Step'], Prediction> {
    return new SequenceStream(sequenceTask, this.trained)
  }

  /**
   * Writes a text, if the classes of the model are the tokens that it reads, as those of textgenrnn, ml5's charRNN and
   * other language models are. A model of a fixed number of steps reads the last ones of the text for each token.
   * @throws UsageError naming the option; UnsupportedError for any other model; DataError for a prime that it cannot read
   */
  generate(options: GenerateOptions = {}): Generation {
    const complete = completeGeneration(options)
    const writer = sequenceWriter(this.trained, complete.prime)
    return new Generation(() => writer, complete)
  }

  /** The likeliest continuations of a text, the best first. Errors: see generate. */
  beamSearch(options: BeamSearchOptions = {}): Continuation[] {
    const complete = completeBeamSearch(options)
    return searchBeams(sequenceWriter(this.trained, complete.prime, 'beamSearch'), complete)
  }

  /** Clears the state that `stateful` predictions start from. */
  reset(): void {
    if (this.trained) this.#states?.reset()
  }

  /**
   * Builds a model from the result of another format's reader.
   * @throws FormatError for missing or misshapen weights; UsageError if the number of labels is not the number of
   * outputs
   */
  static fromImported(imported: ImportedModel, engine: EngineOptions = {}): SequenceModel {
    assertKnownOptions('engine option', engine, ENGINE_OPTIONS)
    const facts = resolveFacts(imported)
    const config = withLoss(imported.network, facts.outputActivation)
    const weights = ({ name, size }: { name: string; size: number }) => {
      const values = imported.weights.get(name)
      if (values?.length === size) return values
      const where = `imported ${imported.format}, weights ${name}`
      const got = values ? `${values.length}` : 'none'
      throw new FormatError({ where, expected: `${size} numbers`, got })
    }
    const network = buildNetwork(config, sequenceTask.layers, { ...engine, weights })
    const [first] = imported.network.layers as readonly { vocabulary?: number; width?: number }[]
    const width = first.vocabulary ?? first.width
    if (width !== facts.input.width || (facts.vocabulary?.length ?? 0) > facts.input.width) {
      const expected = `a vocabulary of at most ${width} tokens, the size of the input`
      const got = `${facts.vocabulary?.length ?? facts.input.width}`
      throw new ShapeError({ where: 'vocabulary', expected, got })
    }
    const learned = completeFacts(facts, network.config)
    return new SequenceModel({ network, learned, names: nameOutputs(network, learned) }, engine)
  }
}
