/** The options that errors about model files offer, each worded once for all formats. */
import type { Fix } from '../core/errors.ts'
import type { ExportFormat } from './imported.ts'

/** @param layer the last one to read; left out where any listed one does */
export function readUpTo(layer?: string): Fix {
  return { option: 'upTo', value: layer, to: 'read the layers up to and including it' }
}

/** @param prefix how the names of the tensors begin; left out where any does */
export function readPrefix(prefix?: string): Fix {
  return { option: 'prefix', value: prefix, to: 'read only the tensors whose names begin with it' }
}

/** @param modules in the order in which the model runs them; left out where the file does not tell */
export function readInOrder(modules?: readonly string[]): Fix {
  return {
    option: 'config.order',
    value: modules,
    to: 'read these modules, in the order the model runs them',
  }
}

/** Another format that can say what this one cannot. */
export function exportAs(format: ExportFormat): Fix {
  return { option: 'to', value: format, to: 'use a format that has it' }
}
