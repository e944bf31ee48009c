/** Sources → tokens, cut at the length limit. */
import { DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { SequenceToSequenceLearned } from './learned.ts'

/** The tokens of a source, and how many were cut. @throws DataError for a text without tokens */
export function sourceTokens(
  { tokenizer, settings }: Pick<SequenceToSequenceLearned, 'tokenizer' | 'settings'>,
  text: unknown,
): { tokens: string[]; cut: number } {
  const tokens = typeof text === 'string' ? tokenizer.tokenize(text.trim()) : []
  if (tokens.length === 0) {
    const expected = typeof text === 'string' ? 'a text with at least one token' : 'a string'
    throw new DataError({ where: 'source', expected, got: describe(text) })
  }
  const kept = tokens.slice(0, settings.maximumLength)
  return { tokens: kept, cut: tokens.length - kept.length }
}
