/** Numbers of a Keras configuration, which have three serialized forms. */
import { fieldAt, readNumber, type Field } from '../../../core/validation.ts'

/**
 * A number with a default: plain, as `{"type": "ndarray", "value": 0.3}` of Keras 2 (generic_utils, get_json_type)
 * or as the `__numpy__` object of Keras 3 (serialization_lib). @throws FormatError for anything else
 */
export function readScalar(field: Field, absent: number): number {
  const { value } = field
  if (value === undefined || value === null) return absent
  if (typeof value !== 'object') return readNumber(field)
  const plain = fieldAt(field, 'value')
  return readNumber(plain.value === undefined ? fieldAt(fieldAt(field, 'config'), 'value') : plain)
}
