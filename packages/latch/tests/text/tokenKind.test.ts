/** Vocabularies of unknown origin: words or characters. */
import { expect, it } from 'vitest'
import { guessTokenKind } from '../../src/text/tokenKind.ts'

const letters = Array.from('abcdefghijklmnopqrstuvwxyz')

it.each([
  ['letters with a few marks are characters', ['', '<start>', '<end>', ...letters], 'chars'],
  ['characters outside the basic plane are single ones', ['😀', '😁', 'é'], 'chars'],
  ['words are words', ['good', 'bad', 'a', 'i'], 'words'],
  ['less than nine of ten single characters are words', [...letters.slice(0, 8), 'aa', 'bb'], 'words'],
] as const)('%s', (_, vocabulary, kind) => {
  expect(guessTokenKind(vocabulary)).toBe(kind)
})
