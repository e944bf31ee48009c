/**
 * Tags that mark spans: BIO (Ramshaw & Marcus 1995), BIOES and BILOU. Which scheme some tags are in, which tag may follow
 * which, the spans of a sequence as the CoNLL scorer reads them, and spans written as tags again.
 */
import type { ChainRules } from '../../layers/crf/chain.ts'

/** How tags mark spans: not at all, or with these letters before a hyphen and the span's label. */
export const TAG_SCHEMES = ['none', 'bio', 'bioes', 'bilou'] as const

/** One of `TAG_SCHEMES`. */
export type TagScheme = (typeof TAG_SCHEMES)[number]

/** A span of tokens. */
export interface Span {
  label: string
  /** Index of the first token. */
  start: number
  /** Index after the last token. */
  end: number
}

/** What a tag says: outside, or a place in a span of a label. Last letters are those of BIOES. */
interface Mark {
  place: 'O' | 'B' | 'I' | 'E' | 'S'
  label: string
}

const OUTSIDE = 'O'
const LETTERS = { none: '', bio: 'BI', bioes: 'BIES', bilou: 'BILU' }

/** `L` and `U` are `E` and `S`. */
function markOf(tag: string): Mark {
  const [, letter, label] = /^([BIESLU])-(.+)$/su.exec(tag) ?? []
  if (letter === undefined) return { place: 'O', label: '' }
  return { place: (letter === 'L' ? 'E' : letter === 'U' ? 'S' : letter) as Mark['place'], label }
}

/** The scheme that all tags are in: `none` unless each is `O` or has a letter of it, and one begins a span. */
export function findScheme(tags: Iterable<string>): TagScheme {
  const letters = new Set<string>()
  for (const tag of tags) {
    if (tag === OUTSIDE) continue
    const [, letter] = /^([BIESLU])-./su.exec(tag) ?? []
    if (letter === undefined) return 'none'
    letters.add(letter)
  }
  if (!['B', 'S', 'U'].some((letter) => letters.has(letter))) return 'none'
  return (
    TAG_SCHEMES.find((scheme) => [...letters].every((letter) => LETTERS[scheme].includes(letter))) ?? 'none'
  )
}

/** Whether spans are marked as in IOB1 (Ramshaw & Marcus 1995), where `B-` stands between neighbours alone, and none touch. */
export function haveNoBeginnings(tags: readonly string[]): boolean {
  return tags.some((tag) => /^I-./su.test(tag)) && tags.every((tag) => tag === OUTSIDE || /^I-./su.test(tag))
}

/** Whether the tag may stand between these two; null: the beginning or the end. */
function fits(scheme: TagScheme, before: string | null, after: string | null): boolean {
  const from = before === null ? null : markOf(before)
  const to = after === null ? null : markOf(after)
  const isOpen = from !== null && (from.place === 'B' || from.place === 'I')
  const goesOn = to !== null && (to.place === 'I' || to.place === 'E')
  if (goesOn) return isOpen && from.label === to.label
  // A span of BIO ends anywhere; of the others at its last letter.
  return scheme === 'bio' || !isOpen
}

/** The first token whose tag may not stand there, and what it follows or precedes; null: all may. */
export function findBreak(
  scheme: TagScheme,
  tags: readonly string[],
): { token: number; tag: string; because: string } | null {
  if (scheme === 'none') return null
  for (let t = 0; t <= tags.length; t++) {
    const [before, after] = [tags[t - 1] ?? null, tags[t] ?? null]
    if (fits(scheme, before, after)) continue
    const quoted = JSON.stringify(before)
    if (after === null) return { token: t - 1, tag: before!, because: 'the sentence ends inside the span' }
    const because = before === null ? 'it begins the sentence' : `it follows ${quoted}`
    return { token: t, tag: after, because }
  }
  return null
}

/** Which tags may follow each other, begin and end a sequence; undefined where there is no scheme. */
export function rulesOf(scheme: TagScheme, labels: readonly string[]): ChainRules | undefined {
  if (scheme === 'none') return undefined
  const each = (test: (label: string) => boolean) => Uint8Array.from(labels, (label) => Number(test(label)))
  return {
    transitions: Uint8Array.from(
      labels.flatMap((before) => labels.map((after) => Number(fits(scheme, before, after)))),
    ),
    start: each((label) => fits(scheme, null, label)),
    end: each((label) => fits(scheme, label, null)),
  }
}

/**
 * The spans of a sequence by the rules of the CoNLL scorer (conlleval), which also reads broken ones: a tag of another label
 * or a first letter begins a span, a last letter ends it.
 */
export function spansOf(tags: readonly string[]): Span[] {
  const spans: Span[] = []
  let open: Span | null = null
  let last: Mark = { place: 'O', label: '' }
  tags.forEach((tag, t) => {
    const mark = markOf(tag)
    const ended = last.place === 'E' || last.place === 'S'
    const starts =
      mark.place === 'B' || mark.place === 'S' || ended || last.place === 'O' || mark.label !== last.label
    if (open && (mark.place === 'O' || starts)) {
      spans.push({ ...open, end: t })
      open = null
    }
    if (mark.place !== 'O' && starts) open = { label: mark.label, start: t, end: t + 1 }
    last = mark
  })
  if (open) spans.push({ ...(open as Span), end: tags.length })
  return spans
}

/** The tags of some spans. */
export function tagsOfSpans(scheme: TagScheme, spans: readonly Span[], length: number): string[] {
  const [begin, inside, end = inside, single = begin] = LETTERS[scheme]
  const tags = new Array<string>(length).fill(OUTSIDE)
  for (const { label, start, end: after } of spans) {
    for (let t = start; t < after; t++) {
      const letter = after - start === 1 ? single : t === start ? begin : t === after - 1 ? end : inside
      tags[t] = `${letter}-${label}`
    }
  }
  return tags
}

/** A sequence with the same spans and no break. */
export function repairTags(scheme: TagScheme, tags: readonly string[]): string[] {
  return findBreak(scheme, tags) ? tagsOfSpans(scheme, spansOf(tags), tags.length) : [...tags]
}
