/** The most frequent tag of each word in training, and of all words for others: what a tagger should beat. */

/** Tokens with a tag each. */
interface Tagged {
  readonly tokens: readonly string[]
  readonly tags: readonly string[]
}

/** Fits the tags; the first of those that are equally frequent. */
export function frequentTags(training: Iterable<Tagged>): (tokens: readonly string[]) => string[] {
  const all = new Map<string, number>()
  const words = new Map<string, Map<string, number>>()
  for (const { tokens, tags } of training) {
    tokens.forEach((token, t) => {
      count(all, tags[t])
      let own = words.get(token)
      if (!own) words.set(token, (own = new Map()))
      count(own, tags[t])
    })
  }
  const usual = most(all)
  const best = new Map([...words].map(([word, tags]) => [word, most(tags)]))
  return (tokens) => tokens.map((token) => best.get(token) ?? usual)
}

function count(tags: Map<string, number>, tag: string): void {
  tags.set(tag, (tags.get(tag) ?? 0) + 1)
}

function most(tags: Map<string, number>): string {
  return [...tags].reduce((best, one) => (one[1] > best[1] ? one : best))[0]
}
