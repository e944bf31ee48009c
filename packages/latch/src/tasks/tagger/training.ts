/** Training of a tagger: rows → tokens and tags, the words, characters and tags of the training rows, and the network. */
import { DataError, atRow } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { cleanLabel, sortLabels } from '../../data/labels.ts'
import { buildVocabulary } from '../../text/buildVocabulary.ts'
import { UNKNOWN_TOKEN, Vocabulary } from '../../text/vocabulary.ts'
import { frequentTags } from '../baselines/frequentTags.ts'
import { formatCount } from '../labels.ts'
import type { Reading, TaskTraining } from '../task.ts'
import { unknownTokens } from '../unknownTokens.ts'
import { TagDataset } from './dataset.ts'
import { completeTagger, lettersOf, wordOf, type TaggerTypes, type TagItem } from './learned.ts'
import { measureTags, scoreEntities } from './measure.ts'
import { taggerLayers, taggerNetwork } from './network.ts'
import type { TaggerSettings } from './options.ts'
import { findBreak, findScheme, haveNoBeginnings, repairTags, type TagScheme } from './spans.ts'

export * from '../fit/trainingModule.ts'

const NO_BEGINNINGS =
  'Tags begin with I- and none with B-: they are not read as spans. The scheme bio, with repair, reads them so.'

/** Tags of which the first few are named in a warning. */
const SHOWN = 5

export const taskTraining: TaskTraining<TaggerTypes> = {
  fitDefaults: () => ({ learningRate: 0.003 }),

  readExamples(rows, reading) {
    const { settings, trained, purpose } = reading
    const sentences = readSentences(rows, reading)
    const own = trained?.learned.labels
    const tagsOf = () => sortLabels(sentences.flatMap(({ tags }) => tags))
    const given = own ?? tagsOf()
    if (!own && given.length < 2) throwSingleTag(given)
    const scheme = settings.scheme ?? findScheme(given)
    const repaired = checkSpans(sentences, scheme, settings.repair, nounOf(reading))
    // A repair can bring tags that the rows did not have: B-PER for the first I-PER.
    const labels = own ?? (repaired > 0 ? tagsOf() : given)
    const numbers = new Map(labels.map((label, c) => [label, c]))
    const unknown = new Set<string>()
    const classOf = sentenceClasses(sentences, reading)
    const items = sentences.map(({ tokens, tags, label }, row): TagItem => {
      const classes = Int32Array.from(tags, (tag, t) => {
        const c = numbers.get(tag)
        if (c !== undefined) return c
        if (purpose === 'training') throwUnknownTag(tag, labels, row, t)
        unknown.add(tag)
        return -1
      })
      return { tokens, tags, classes, label, class: classOf(label, row) }
    })
    const warnings = [
      ...(!own && settings.scheme === undefined && haveNoBeginnings(given) ? [NO_BEGINNINGS] : []),
      ...(repaired > 0 ? [`${formatCount(repaired, 'sentence')} with broken spans repaired.`] : []),
      ...(unknown.size > 0 ? [describeUnknownTags(unknown, purpose)] : []),
    ]
    return { items, rows: items.map((_, i) => i), labels, warnings }
  },

  learn(settings, all, training, keep) {
    const { labels } = all
    const { minimumCount, maximumVocabulary } = settings
    const scheme = settings.scheme ?? findScheme(labels!)
    const complete: TaggerSettings = { ...settings, scheme, crf: settings.crf ?? scheme !== 'none' }
    const words = buildVocabulary(
      training.map(({ tokens }) => tokens.map((token) => wordOf(settings, token))),
      { minimumCount, maximumSize: maximumVocabulary ?? undefined, keep },
    )
    const sentenceLabels =
      settings.sentenceLabel === null ? null : sortLabels(all.items.map(({ label }) => label!))
    return completeTagger(complete, labels!, {
      words,
      letters: learnLetters(settings, training),
      sentenceLabels,
    })
  },

  embedding: (settings) => ({
    parameter: settings.characters ? 'wordCharacters.0.weight' : 'embedding.0.weight',
    ignoreCase: settings.lowercase,
    tokens: ({ tokens }) => tokens.map((token) => wordOf(settings, token)),
  }),

  extend(learned, training) {
    const { settings, labels, words, letters, sentenceLabels } = learned
    const found = buildVocabulary(
      training.map(({ tokens }) => tokens.map((token) => wordOf(settings, token))),
      { minimumCount: settings.minimumCount },
    )
    const added = found.tokens.filter((token) => token !== UNKNOWN_TOKEN && !words.has(token))
    const most = Math.max(words.size, settings.maximumVocabulary ?? Infinity)
    const all = [...words.tokens, ...added].slice(0, most)
    if (all.length === words.size) return null
    return completeTagger(settings, labels, { words: new Vocabulary(all), letters, sentenceLabels })
  },

  unknownTokens({ words, settings }, items) {
    const read = items.map(({ tokens }) => ({ tokens: tokens.map((token) => wordOf(settings, token)) }))
    return unknownTokens({ words }, read)
  },

  network: (learned) => ({ config: taggerNetwork(learned), layers: taggerLayers }),
  dataset: ({ learned }, items) => new TagDataset(learned, items),
  measure: measureTags,
  classes: ({ classes }) => classes,

  baseline(training, reading) {
    const { trained } = reading
    const read = (rows: Iterable<object>) =>
      taskTraining.readExamples(rows, { ...reading, purpose: 'evaluation' }).items
    const tagsOf = frequentTags(read(training))
    const marksSpans = trained?.learned.settings.scheme !== 'none'
    return {
      name: 'most frequent tag of each word',
      evaluate(rows) {
        const items = read(rows)
        const predicted = items.map(({ tokens }) => tagsOf(tokens))
        let [right, n] = [0, 0]
        items.forEach(({ tags }, i) => {
          tags.forEach((tag, t) => (right += Number(tag === predicted[i][t])))
          n += tags.length
        })
        const base = { metric: 'accuracy', value: right / n, n } as const
        if (!marksSpans) return base
        return {
          ...base,
          entityF1: scoreEntities(
            items.map(({ tags }) => tags),
            predicted,
          ).f1,
        }
      },
    }
  },
}

interface Sentence {
  tokens: string[]
  tags: string[]
  label: string | null
}

function nounOf({ purpose }: Pick<Reading<TaggerTypes>, 'purpose'>): string {
  return purpose === 'validation' ? 'validation row' : 'row'
}

function readSentences(rows: Iterable<object>, reading: Reading<TaggerTypes>): Sentence[] {
  const { input = 'tokens', target = 'tags' } = reading.columns
  const noun = nounOf(reading)
  const sentences: Sentence[] = []
  for (const row of rows as Iterable<Record<string, unknown> | null>) {
    const number = sentences.length
    const where = `${noun} ${number}`
    const [tokens, tags] = [row?.[input], row?.[target]].map(listOf)
    if (!tokens || !tags) {
      const expected = `{ ${input}, ${target} }, each a list of strings`
      throw atRow(new DataError({ where, expected, got: describe(row) }), number, '')
    }
    if (tokens.length === 0) {
      const error = new DataError({ where, expected: 'at least one token', got: 'an empty sentence' })
      throw atRow(error, number, '')
    }
    if (tokens.length !== tags.length) {
      const expected = `a tag for each of ${formatCount(tokens.length, 'token')}`
      throw atRow(new DataError({ where, expected, got: formatCount(tags.length, 'tag') }), number, '')
    }
    sentences.push({ tokens, tags: tags.map(cleanLabel), label: labelOf(row, reading, number) })
  }
  if (sentences.length > 0) return sentences
  const where = reading.purpose === 'evaluation' ? 'evaluate' : 'fit'
  throw new DataError({ where, expected: 'at least one sentence', got: 'none' })
}

/** The label of a sentence, where the model has them. */
function labelOf(row: Record<string, unknown> | null, reading: Reading<TaggerTypes>, number: number) {
  const { sentenceLabel } = reading.trained?.learned.settings ?? reading.settings
  if (sentenceLabel === null) return null
  const given = row?.[sentenceLabel]
  if (typeof given === 'string' && given.trim() !== '') return cleanLabel(given)
  const where = `${nounOf(reading)} ${number}`
  const expected = `a label of the sentence in ${JSON.stringify(sentenceLabel)}`
  throw atRow(new DataError({ where, expected, got: describe(given) }), number, '')
}

/** The class numbers of the labels of sentences; −1 for one that the model does not have. */
function sentenceClasses(
  sentences: readonly Sentence[],
  { trained, purpose }: Reading<TaggerTypes>,
): (label: string | null, row: number) => number {
  const own = trained?.learned.sentenceLabels
  const found = sentences.flatMap(({ label }) => (label === null ? [] : [label]))
  const labels = own ?? sortLabels(found)
  if (!own && labels.length === 1) {
    const got = `only ${JSON.stringify(labels[0])}`
    throw new DataError({ where: 'labels of sentences', expected: 'at least two different labels', got })
  }
  return (label, row) => {
    const c = label === null ? -1 : labels.indexOf(label)
    if (c >= 0 || label === null || purpose !== 'training') return c
    const shown = labels.slice(0, 20).join(', ') + (labels.length > 20 ? ', …' : '')
    const error = new DataError({
      where: `row ${row}`,
      expected: `one of the labels ${shown}`,
      got: JSON.stringify(label),
    })
    throw atRow(error, row, '')
  }
}

/** A list of strings, none of them blank, or a string of them with spaces between; else null. */
function listOf(value: unknown): string[] | null {
  if (typeof value === 'string') return value.split(/\s+/u).filter(Boolean)
  const fits = Array.isArray(value) && value.every((item) => typeof item === 'string' && item.trim() !== '')
  return fits ? (value as string[]) : null
}

/** Repairs broken spans in place, or refuses them; the number of sentences that were repaired. */
function checkSpans(sentences: Sentence[], scheme: TagScheme, repair: boolean, noun: string): number {
  let repaired = 0
  sentences.forEach((sentence, row) => {
    const broken = findBreak(scheme, sentence.tags)
    if (!broken) return
    const { token, tag, because } = broken
    if (!repair) {
      const error = new DataError({
        where: `${noun} ${row}, token ${token}`,
        expected: `tags that keep the scheme ${scheme}`,
        got: `${JSON.stringify(tag)}: ${because}`,
        fix: { option: 'repair', value: true, to: 'read broken spans as the CoNLL scorer does' },
      })
      throw atRow(error, row, '')
    }
    sentence.tags = repairTags(scheme, sentence.tags)
    repaired++
  })
  return repaired
}

/** The characters of the training words, each of which occurs twice at least: others train the unknown one. */
function learnLetters(settings: TaggerSettings, training: readonly TagItem[]): Vocabulary | null {
  if (!settings.characters) return null
  return buildVocabulary(
    training.map(({ tokens }) => tokens.flatMap((token) => lettersOf(settings, token))),
    { minimumCount: training.length < 20 ? 1 : 2 },
  )
}

function describeUnknownTags(unknown: ReadonlySet<string>, purpose: string): string {
  const named = [...unknown].slice(0, SHOWN).join(', ') + (unknown.size > SHOWN ? ', …' : '')
  const rows = purpose === 'validation' ? 'validation rows' : 'rows'
  return `The ${rows} have ${formatCount(unknown.size, 'tag')} that the model does not know: ${named}.`
}

function throwUnknownTag(tag: string, labels: readonly string[], row: number, token: number): never {
  const shown = labels.slice(0, 20).join(', ') + (labels.length > 20 ? ', …' : '')
  const error = new DataError({
    where: `row ${row}, token ${token}`,
    expected: `one of the tags ${shown}`,
    got: JSON.stringify(tag),
  })
  throw atRow(error, row, '')
}

function throwSingleTag(labels: readonly string[]): never {
  throw new DataError({
    where: 'tags',
    expected: 'at least two different tags',
    got: `only ${JSON.stringify(labels[0])}`,
  })
}
