/** The language detector `franc`, restricted to the languages of the demo. */
import { franc } from 'franc'
import type { Language } from './languages.ts'

/** Detects the language of a text; null if unknown. */
export type Detector = (text: string) => string | null

export function detector(languages: readonly Language[]): Detector {
  const names = new Map(languages.map(({ iso, name }) => [iso, name]))
  const only = [...names.keys()]
  // By default it ignores texts below ten characters; here it always predicts, as Latch does.
  return (text) => names.get(franc(text, { only, minLength: 1 })) ?? null
}
