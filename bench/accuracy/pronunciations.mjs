// The CMU pronouncing dictionary, a dev dependency of bench/: its words in three parts, by a hash of the word.
import { dictionary } from '../node_modules/cmu-pronouncing-dictionary/index.js'

/** FNV-1a of the UTF-8 bytes: which part a word is of does not depend on the others. */
export function hashOf(word) {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(word)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/**
 * Words of letters and apostrophes with their pronunciations, in 90 %, 5 % and 5 % by hash, and in the order of the hash, so that the
 * first rows of a part have words of all letters. "read(2)" is another pronunciation of "read": a word's are of one part.
 * @param read a pronunciation, such as "R EH1 D", as what is learned
 */
export function pronunciationParts(read) {
  const words = new Map()
  for (const [key, text] of Object.entries(dictionary)) {
    const word = key.replace(/\(\d+\)$/, '')
    if (!/^[a-z][a-z']*$/.test(word)) continue
    const known = words.get(word) ?? []
    const target = read(text.split(' # ')[0].trim())
    if (!known.includes(target)) words.set(word, [...known, target])
  }
  const parts = { train: [], validation: [], test: [] }
  for (const [source, targets] of words) {
    const hash = hashOf(source)
    const place = hash % 100
    const part = place < 90 ? 'train' : place < 95 ? 'validation' : 'test'
    parts[part].push({ source, targets, order: Math.floor(hash / 100) })
  }
  for (const part of Object.values(parts)) part.sort((a, b) => a.order - b.order)
  return { ...parts, size: words.size }
}
