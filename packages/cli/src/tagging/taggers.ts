/** Taggers among the models of every task. */
import { UsageError, type Tagger } from 'latch'
import type { AnyModel } from 'latch/formats'

/** The model, if it tags tokens; else null. */
export function asTagger(model: AnyModel): Tagger | null {
  return model.task === 'tagger' ? (model as unknown as Tagger) : null
}

/** @throws UsageError for options that are given and say nothing of a tag for each token */
export function requireTaggerFlags(where: string, flags: Readonly<Record<string, unknown>>): void {
  const wrong = Object.keys(flags).filter((flag) => flags[flag] !== undefined && flags[flag] !== false)
  if (wrong.length === 0) return
  const named = wrong.join(', ')
  throw new UsageError({
    where,
    expected: 'options that apply to a tagger',
    got: named,
    remedy: `Omit ${named}.`,
  })
}
