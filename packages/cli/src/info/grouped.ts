/** Groups the sentences about a model file: each is printed once for all layers that it applies to. */

const TRAINING_ONLY = ', which is active only in training'

/**
 * `a: x`, `b: x` → `a, b: x`; `tensor a`, `tensor b` → `tensors a, b`; and of layers that are active only in training
 * `a, b: y`, `a, b: z` → `a, b: y and z, which are active only in training`. Each stands where its first sentence stood.
 */
export function grouped(sentences: readonly string[]): string[] {
  const named = new Map<string, string[]>()
  for (const sentence of sentences) {
    const [, layer, text] = /^([\w./-]+): (.+)$/s.exec(sentence) ?? []
    const [, noun, thing] = /^(tensor|layer|variable) (\S+)$/.exec(sentence) ?? []
    if (thing) add(named, noun, thing)
    else if (layer) add(named, `: ${text}`, layer)
    else named.set(sentence, [])
  }
  const training = new Map<string, string[]>()
  for (const [text, names] of named) {
    if (text.endsWith(TRAINING_ONLY)) add(training, names.join(', '), text.slice(2, -TRAINING_ONLY.length))
  }
  return [...named].flatMap(([text, names]) => {
    const list = names.join(', ')
    if (names.length === 0) return text
    if (!text.startsWith(': ')) return `${text}${names.length > 1 ? 's' : ''} ${list}`
    const parts = text.endsWith(TRAINING_ONLY) ? training.get(list)! : []
    if (parts.length < 2) return list + text
    if (text !== `: ${parts[0]}${TRAINING_ONLY}`) return []
    const all = `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
    return `${list}: ${all}${TRAINING_ONLY.replace('is', 'are')}`
  })
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  map.set(key, [...(map.get(key) ?? []), value])
}
