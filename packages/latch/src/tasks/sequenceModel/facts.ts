/** What a sequence model reads and predicts, and what follows from it: which loss trains its output, how texts are padded. */
import { guessTokenKind } from '../../text/tokenKind.ts'
import type { OutputActivation, FormatName, ImportedModel, ModelInput } from '../../formats/imported.ts'
import {
  activationForLabels,
  findActivationOfNumbers,
  lossForActivation,
  getOutputWidth,
} from '../../formats/outputActivation.ts'
import type { LossOptions } from '../../layers/loss.ts'
import type { NetworkConfig } from '../../model/config.ts'
import type { TokenKind } from '../../text/tokenizer.ts'

/** Where a model came from. */
export interface ModelSource {
  format: FormatName
  /** `Keras 2.10.0`; null where the file did not say. */
  producer: string | null
}

/** A sequence model as plain data, apart from its network. */
export interface SequenceFacts {
  outputActivation: OutputActivation
  input: ModelInput
  /** As the file or the options gave them; null: none. */
  labels: readonly string[] | null
  /** Tokens by id; an empty one is an id without a token. */
  vocabulary: readonly string[] | null
  tokens: TokenKind | null
  /** State goes on from call to call. */
  stateful: boolean
  /** Conventions found and what was done about them, each a sentence. */
  warnings: readonly string[]
  source: ModelSource
}

/** The facts of an imported model, completed: how its texts become tokens, what its outputs mean. */
export function resolveFacts(imported: ImportedModel): SequenceFacts {
  const { input, labels, vocabulary, stateful, warnings, format, producer } = imported
  const { layers } = imported.network
  const width = getOutputWidth(layers)
  const outputActivation = activationForLabels(imported.outputActivation, layers, width, labels)
  const said = outputActivation === imported.outputActivation ? [] : [labelsNote(outputActivation)]
  const numbers = findActivationOfNumbers(outputActivation, layers, labels)
  if (numbers !== null)
    said.push(`labels name the outputs, which are numbers of ${numbers}: they are given as they are`)
  if (padsTexts({ input, vocabulary })) {
    said.push(
      `texts are brought to ${input.steps} tokens as Keras does: padded before with id 0, or their end taken`,
    )
  }
  return {
    outputActivation,
    input,
    labels,
    vocabulary,
    tokens: vocabulary ? (imported.tokens ?? guessTokenKind(vocabulary)) : null,
    stateful,
    warnings: [...warnings, ...said],
    source: { format, producer },
  }
}

/**
 * Whether texts are padded: the file fixes the steps, and id 0 is no token. Keras' pad_sequences puts id 0 before
 * what is too short, and takes the end of what is too long.
 */
export function padsTexts({ input, vocabulary }: Pick<SequenceFacts, 'input' | 'vocabulary'>): boolean {
  return input.kind === 'ids' && input.steps !== null && vocabulary !== null && PADDING.test(vocabulary[0])
}

const PADDING = /^(|<0>|[<[]?pad(ding)?[>\]]?)$/i

function labelsNote(outputActivation: OutputActivation): string {
  if (outputActivation === 'probabilities')
    return 'labels are given: the outputs are probabilities already, and are given as they are'
  return `labels are given: outputs are taken as ${outputActivation} of classes`
}

const CROSS_ENTROPIES: readonly string[] = ['softmaxCrossEntropy', 'binaryCrossEntropy']

/** The network's configuration with a loss: gradients are of one, and fine-tuning needs it. */
export function withLoss(config: NetworkConfig, outputActivation: OutputActivation): NetworkConfig {
  return { ...config, loss: lossOf(config, outputActivation) }
}

function lossOf({ layers, loss }: NetworkConfig, outputActivation: OutputActivation): LossOptions {
  const own = lossForActivation(outputActivation)
  if (own === null) {
    // A cross-entropy takes logits; probabilities have the mean squared error (Brier 1950) to be learned by.
    const kept = loss && !(outputActivation === 'probabilities' && CROSS_ENTROPIES.includes(loss.type))
    return kept ? loss : { type: 'meanSquaredError' }
  }
  if (own === 'softmaxCrossEntropy' && getOutputWidth(layers) === 1) return { type: 'meanSquaredError' }
  return loss?.type === own ? loss : { type: own }
}
