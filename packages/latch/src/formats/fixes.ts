/** The import options that errors about model files suggest, worded once for all formats. */
import type { Fix } from '../core/errors.ts'
import type { ExportFormat } from './imported.ts'

/** @param layer the last layer to read; omitted if it may be any of the listed layers */
export function readUpTo(layer?: string): Fix {
  return { option: 'upTo', value: layer, to: 'read the layers up to and including it' }
}

/** @param prefix the prefix of the tensor names; omitted if it may be any */
export function readPrefix(prefix?: string): Fix {
  return { option: 'prefix', value: prefix, to: 'read only tensors with this name prefix' }
}

/** @param modules in the order in which the model runs them; omitted if the file does not determine it */
export function readInOrder(modules?: readonly string[]): Fix {
  return {
    option: 'config.order',
    value: modules,
    to: 'read these modules, in the order the model runs them',
  }
}

/** Another format, which supports what this one does not. */
export function exportAs(format: ExportFormat): Fix {
  return { option: 'to', value: format, to: 'use a format that supports it' }
}
