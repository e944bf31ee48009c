/** A sequence model: any network with the meaning of its inputs and outputs. Made from scratch, or by an import. */
import type { EngineOptions } from '../../engine/engine.ts'
import { decodeModel } from '../../formats/latch/modelFile.ts'
import type { OutputActivation, ImportedModel, ModelInput } from '../../formats/imported.ts'
import { FormatError, ShapeError } from '../../core/errors.ts'
import { networkFromConfig } from '../../model/network.ts'
import { packSequences } from '../encoding.ts'
import { storage } from '../files/storage.ts'
import { readTaskFile, type TaskContent } from '../files/taskFile.ts'
import type { ModelStream, Prediction } from '../model.ts'
import { interpretRows, nameOutputs, outputRows } from '../prediction.ts'
import type { Trained } from '../task.ts'
import { TaskModel } from '../taskModel.ts'
import { CarriedStates } from './carriedStates.ts'
import { resolveFacts, withLoss, type ModelSource } from './facts.ts'
import type { SequenceInput } from './reader.ts'
import { completeFacts, type SequenceLearned, type SequenceTypes } from './learned.ts'
import { PaddedStream } from './paddedStream.ts'
import { sequenceTask } from './task.ts'
import type { TokenKind } from '../../text/tokenizer.ts'

/** A network with the meaning of its inputs and outputs; made by `sequenceModel`, an import, `load` or `fromBytes`. */
export class SequenceModel extends TaskModel<SequenceTypes> {
  #states: CarriedStates | null = null

  /** From what was built, or a file said. */
  constructor(
    content: Trained<SequenceLearned> & Pick<Partial<TaskContent<SequenceTypes>>, 'history'>,
    engine: EngineOptions = {},
  ) {
    super({
      task: sequenceTask,
      settings: sequenceTask.settings(content.learned),
      engine,
      trained: content,
      history: content.history,
    })
  }

  /** Which function of the network's last row `output` is. */
  get outputActivation(): OutputActivation {
    return this.trained.learned.outputActivation
  }

  /** What goes in: ids or features, and how wide. */
  get input(): ModelInput {
    return this.trained.learned.input
  }

  /** Tokens by id; null where there are none. */
  get vocabulary(): readonly string[] | null {
    return this.trained.learned.vocabulary
  }

  /** How a text becomes tokens; null where there is no vocabulary. */
  get tokens(): TokenKind | null {
    return this.trained.learned.tokens
  }

  /** Whether inputs can be texts. */
  get readsText(): boolean {
    return this.trained.learned.reader.readsText
  }

  /** Whether its state goes on from call to call by default (Keras `stateful`). */
  get stateful(): boolean {
    return this.trained.learned.stateful
  }

  /** Conventions found when it was imported and what was done about them, each a sentence. */
  get warnings(): readonly string[] {
    return this.trained.learned.warnings
  }

  /** Where it came from. */
  get source(): ModelSource {
    return this.trained.learned.source
  }

  /**
   * The prediction for one input, or for each of many. One input is a text, a list of token ids, or features as a list
   * of rows or flat; a list of those is many.
   * @param options.stateful for one input: goes on from the state of the call before, which `reset` forgets; default
   * the model's own `stateful`
   * @throws DataError, ShapeError for an input that this model cannot read
   */
  override predict(input: SequenceInput, options?: { stateful?: boolean }): Prediction
  override predict(inputs: readonly SequenceInput[]): Prediction[]
  override predict(
    input: SequenceInput | readonly SequenceInput[],
    { stateful }: { stateful?: boolean } = {},
  ): Prediction | Prediction[] {
    const { trained } = this
    const goesOn = stateful ?? this.stateful
    if (!goesOn || sequenceTask.isMany(trained.learned, input)) return super.predict(input as SequenceInput)
    const batch = packSequences([this.encode(input as SequenceInput)], this.input)
    this.#states ??= new CarriedStates(trained.network)
    this.#states.write(batch)
    const [rows] = outputRows(trained.network, batch)
    this.#states.read(batch)
    return interpretRows(trained, rows)
  }

  /** Reads a sequence as it comes in. Errors: see Model.stream. */
  override stream(): ModelStream<SequenceTypes['Step'], Prediction> {
    const { trained } = this
    const length = sequenceTask.text(trained.learned)?.paddedLength ?? null
    return length === null ? super.stream() : new PaddedStream(sequenceTask, trained, length)
  }

  /** Forgets the state that `stateful` predictions go on from. */
  reset(): void {
    this.#states?.reset()
  }

  /** @throws FormatError naming what is wrong with the bytes and where */
  static fromBytes(bytes: Uint8Array, source = 'model bytes', engine: EngineOptions = {}): SequenceModel {
    return new SequenceModel(readTaskFile(sequenceTask, decodeModel(bytes, source), source, engine), engine)
  }

  /** Reads a model file (Node). @throws DataError, FormatError */
  static async load(path: string, engine: EngineOptions = {}): Promise<SequenceModel> {
    return SequenceModel.fromBytes(await storage().read(path), path, engine)
  }

  /**
   * From what a reader of another format found.
   * @throws FormatError for weights that are missing or do not fit; UsageError for labels that are not as many as the
   * outputs
   */
  static fromImported(imported: ImportedModel, engine: EngineOptions = {}): SequenceModel {
    const facts = resolveFacts(imported)
    const config = withLoss(imported.network, facts.outputActivation)
    const weights = ({ name, size }: { name: string; size: number }) => {
      const values = imported.weights.get(name)
      if (values?.length === size) return values
      const where = `imported ${imported.format}, weights ${name}`
      const got = values ? `${values.length}` : 'none of that name'
      throw new FormatError({ where, expected: `${size} numbers`, got })
    }
    const network = networkFromConfig(config, sequenceTask.layers, { ...engine, weights })
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
