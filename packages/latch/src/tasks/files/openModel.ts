/** A Latch model file of any task, opened as what it is. */
import type { EngineOptions } from '../../engine/engine.ts'
import { decodeModel } from '../../formats/latch/modelFile.ts'
import { fieldAt, readChoice, rootField } from '../../core/validation.ts'
import { SEQUENCE_TASK } from '../sequenceModel/file.ts'
import { SequenceModel } from '../sequenceModel/sequenceModel.ts'
import { TextClassifier } from '../textClassifier/textClassifier.ts'

/** Models of every task. */
export type AnyModel = TextClassifier | SequenceModel

/**
 * Opens a Latch model file.
 * @throws FormatError naming what is wrong with the bytes and where
 */
export function openModelFile(
  bytes: Uint8Array,
  source = 'model bytes',
  engine: EngineOptions = {},
): AnyModel {
  const { document } = decodeModel(bytes, source)
  const task = readChoice(fieldAt(rootField(document, 'document', source), 'task'), [
    'textClassifier',
    SEQUENCE_TASK,
  ])
  return task === SEQUENCE_TASK
    ? SequenceModel.fromBytes(bytes, source, engine)
    : TextClassifier.fromBytes(bytes, source, engine)
}
