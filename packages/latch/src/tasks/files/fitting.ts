/** Networks built from files: what does not fit together is the file's fault, and said as such. */
import { ShapeError, UnsupportedError } from '../../core/errors.ts'
import { fieldError, type Field } from '../../core/validation.ts'

/** Layers that cannot stand on each other are a fault of the file. @throws FormatError at the field */
export function fitting<T>(field: Field, build: () => T): T {
  try {
    return build()
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof UnsupportedError)) throw error
    throw fieldError(field, `layers that fit (${error.where}: ${error.expected})`, error.got)
  }
}
