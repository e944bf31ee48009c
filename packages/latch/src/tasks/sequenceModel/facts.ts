/** The inputs and outputs of a sequence model, and what follows from them: the loss, and how texts are read. */
import { withTextInput } from '../../formats/text/textInput.ts'
import type { OutputActivation, FormatName, ImportedModel, ModelInput } from '../../formats/imported.ts'
import {
  activationForLabels,
  findActivationOfNumbers,
  lossForActivation,
  getOutputWidth,
} from '../../formats/outputActivation.ts'
import type { LossOptions } from '../../layers/loss.ts'
import type { NetworkConfig } from '../../model/config.ts'
import type { TextInput } from '../../text/textRules.ts'
import type { TokenKind } from '../../text/tokenizer.ts'

/** The source of an imported model. */
export interface ModelSource {
  format: FormatName
  /** `Keras 2.10.0`; null if the file does not name it. */
  producer: string | null
}

/** A sequence model as plain data, without its network. */
export interface SequenceFacts {
  outputActivation: OutputActivation
  input: ModelInput
  /** From the file or the options; null: none. */
  labels: readonly string[] | null
  /** Tokens by id; an empty string is an id without a token. */
  vocabulary: readonly string[] | null
  tokens: TokenKind | null
  /** How texts become ids; null if inputs are not texts. */
  textInput: TextInput | null
  /** The state is kept from call to call. */
  stateful: boolean
  /** Conventions found and how they were handled, each a sentence. */
  warnings: readonly string[]
  source: ModelSource
}

/** The facts of an imported model, with defaults: how texts are tokenized, what the outputs mean. */
export function resolveFacts(imported: ImportedModel): SequenceFacts {
  const { input, labels, stateful, format, producer } = imported
  const { layers } = imported.network
  const width = getOutputWidth(layers)
  const outputActivation = activationForLabels(imported.outputActivation, layers, width, labels)
  const added = outputActivation === imported.outputActivation ? [] : [labelsNote(outputActivation)]
  const numbers = findActivationOfNumbers(outputActivation, layers, labels)
  if (numbers !== null)
    added.push(
      `labels: the outputs are numbers (${numbers}), not probabilities, and are returned under these names`,
    )
  const texts = imported.vocabulary && imported.textInput == null ? withTextInput(imported, {}) : imported
  const { vocabulary, tokens, warnings } = texts
  return {
    outputActivation,
    input,
    labels,
    vocabulary,
    tokens,
    textInput: (texts.textInput as TextInput | null | undefined) ?? null,
    stateful,
    warnings: [...warnings, ...added],
    source: { format, producer },
  }
}

function labelsNote(outputActivation: OutputActivation): string {
  if (outputActivation === 'probabilities')
    return 'labels: the outputs are already probabilities and are used directly'
  return `labels: outputs are classes, with a ${outputActivation}`
}

const CROSS_ENTROPIES: readonly string[] = ['softmaxCrossEntropy', 'binaryCrossEntropy']

/** The network's configuration with a loss, for gradients and fine-tuning. */
export function withLoss(config: NetworkConfig, outputActivation: OutputActivation): NetworkConfig {
  return { ...config, loss: lossOf(config, outputActivation) }
}

function lossOf({ layers, loss }: NetworkConfig, outputActivation: OutputActivation): LossOptions {
  const own = lossForActivation(outputActivation)
  if (own === null) {
    // Cross-entropies take logits; for probabilities, the loss is the mean squared error (Brier 1950).
    const kept = loss && !(outputActivation === 'probabilities' && CROSS_ENTROPIES.includes(loss.type))
    return kept ? loss : { type: 'meanSquaredError' }
  }
  if (own === 'softmaxCrossEntropy' && getOutputWidth(layers) === 1) return { type: 'meanSquaredError' }
  return loss?.type === own ? loss : { type: own }
}
