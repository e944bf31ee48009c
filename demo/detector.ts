/** The language detector `franc`, asked for the names of the demo's languages and for no others. */
import { franc } from 'franc'
import type { Language } from './languages.ts'

/** Its answer for a text; null where it gives none. */
export type Detector = (text: string) => string | null

export function detector(languages: readonly Language[]): Detector {
  const names = new Map(languages.map(({ iso, name }) => [iso, name]))
  const only = [...names.keys()]
  // By itself it says nothing about fewer than ten characters; here it always answers, as Latch does.
  return (text) => names.get(franc(text, { only, minLength: 1 })) ?? null
}
