/** Builds networks from files, and reports layers that do not fit together as faults of the file. */
import { ShapeError, UnsupportedError } from '../../core/errors.ts'
import { fieldError, type Field } from '../../core/validation.ts'

/** Turns a ShapeError between layers into a fault of the file. @throws FormatError at the field */
export function fitting<T>(field: Field, build: () => T): T {
  try {
    return build()
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof UnsupportedError)) throw error
    throw fieldError(field, `layers that fit (${error.where}: ${error.expected})`, error.got)
  }
}
