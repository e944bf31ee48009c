/**
 * Measurements of a facts model: accuracy by distance, the influence of the cities on the answer, the gradient by lag, and
 * the keep gate at a move.
 */
import { influence, traceSequence } from 'latch/inspection'
import { coreLayers, networkFromConfig, type TextClassifier } from 'latch'
import { columns, ENGINE, SEED } from './models.ts'
import { meanOf, quartilesOf, shareOf, type Mean, type Quartiles, type Share } from './spread.ts'
import { testStories } from './stories.ts'

/** The story of the page and of examples/riya.ts. */
export const STORY =
  'Riya lives in Delhi . a dog barked . Riya moved to London . the sun came out . where does Riya live ?'

export const DISTANCES = [0, 5, 10, 15, 20, 25, 30, 35, 40, 60, 80]

/** The largest lag of the gradient's curve. With 40 filler tokens, the fact is further back. */
export const LAGS = 50

/** Accuracy on new stories by distance. */
export async function accuracyByDistance(model: TextClassifier, count: number, distances = DISTANCES) {
  const found: ({ distance: number } & Share)[] = []
  for (const distance of distances) {
    const { accuracy } = await model.evaluate(testStories(distance, count), columns)
    found.push({ distance, ...shareOf(Math.round(accuracy * count), count) })
  }
  return found
}

/** A story in which the person in the question moved exactly once, with the steps of both cities. */
export interface OneMove {
  text: string
  label: string
  tokens: readonly string[]
  /** Steps of the first and the second city. */
  first: number
  second: number
}

/** The first `count` such stories at a distance. */
export function oneMoveStories(distance: number, count: number): OneMove[] {
  const found = testStories(distance, count * 8).flatMap(({ text, label }) => {
    const tokens = text.split(' ')
    const asked = tokens[tokens.length - 3]
    const facts = tokens.flatMap((token, t) =>
      token === asked && ['lives', 'moved'].includes(tokens[t + 1]) ? [t + 3] : [],
    )
    return facts.length === 2 ? [{ text, label, tokens, first: facts[0], second: facts[1] }] : []
  })
  return found.slice(0, count)
}

export interface CityInfluence {
  /** Mean |change| of the right answer's logit without the first city's word, and without the second's. */
  first: Mean
  second: Mean
  /** The ratio of the two means. */
  ratio: number
  /** The same for the right answer's probability. */
  firstProbability: Mean
  secondProbability: Mean
  /** Stories in which the second city's change is at least five times the first's. */
  fiveTimes: Share
}

/** Leave-one-out influence of both cities on the right answer. */
export function cityInfluence(model: TextClassifier, stories: readonly OneMove[]): CityInfluence {
  const pairs = stories.map(({ text, label, first, second }) => {
    const { tokens } = influence(model, text, label)
    return [tokens[first].leaveOneOut!, tokens[second].leaveOneOut!] as const
  })
  const logits = pairs.map((pair) => pair.map(({ logit }) => Math.abs(logit)))
  const of = (side: 0 | 1) => meanOf(logits.map((pair) => pair[side]))
  const shares = (side: 0 | 1) => meanOf(pairs.map((pair) => Math.abs(pair[side].probability!)))
  return {
    first: of(0),
    second: of(1),
    ratio: of(1).mean / of(0).mean,
    firstProbability: shares(0),
    secondProbability: shares(1),
    fiveTimes: shareOf(logits.filter(([a, b]) => b >= 5 * a).length, pairs.length),
  }
}

/** The story on the page: the answer, and the influence of each word on the answer London. */
export function storyInfluence(model: TextClassifier) {
  const { probability, tokens } = influence(model, STORY, 'london')
  const change = (city: string) => Math.abs(tokens.find(({ token }) => token === city)!.leaveOneOut!.logit)
  return {
    answer: model.predict(STORY).label,
    london: probability,
    ratio: change('london') / change('delhi'),
    words: tokens.map(({ token, leaveOneOut }) => ({ token, ...leaveOneOut! })),
  }
}

export interface GradientByLag {
  /** ‖∂L/∂s‖ by lag, s = (h, c): median relative to lag 0, and mean of the norm. */
  relative: number[]
  mean: number[]
  /** The norm at lag 40 divided by the norm at lag 1, per story. */
  ratio: Quartiles
}

/** The gradient norms by lag for the loss of the right label; `initial`: before training. */
export function gradientByLag(model: TextClassifier, count: number, initial: boolean): GradientByLag {
  const network = initial
    ? networkFromConfig(model.network.config, coreLayers, { ...ENGINE, seed: SEED })
    : model.network
  const norms = testStories(40, count).map(({ text, label }) => {
    const target = model.labels.indexOf(label)
    const { layers } = traceSequence(network, model.encode(text).ids, { classes: [target] })
    const { steps } = layers[layers.length - 1]
    return steps.map(({ gradient }) => Math.hypot(gradient.hidden, gradient.cell ?? 0)).reverse()
  })
  if (initial) network.dispose()
  const lags = Array.from({ length: LAGS + 1 }, (_, lag) => lag)
  return {
    relative: lags.map((lag) => quartilesOf(norms.map((g) => g[lag] / g[0])).median),
    mean: lags.map((lag) => meanOf(norms.map((g) => g[lag])).mean),
    ratio: quartilesOf(norms.map((g) => g[40] / g[1])),
  }
}

/** The keep gate (f, z) at "moved to CITY" of the person in the question, and elsewhere. */
export function keepsAtMove(model: TextClassifier, stories: readonly OneMove[]) {
  const kept = stories.map(({ text, second }) => {
    const [{ steps }] = model.trace(text).layers
    const gates = steps.map((step) => Array.from(Object.values(keepGateOf(step.gates))))
    const means = gates.map((gate) => gate.reduce((sum, x) => sum + x, 0) / gate.length)
    const [city, words] = [means[second], means.slice(second - 2, second + 1)]
    const rest = means.filter((_, t) => t > 0 && (t < second - 2 || t > second))
    const elsewhere = gates.filter((_, t) => t > 0 && (t < second - 2 || t > second)).flat()
    return { city, words: meanOf(words).mean, rest: meanOf(rest).mean, atCity: gates[second], elsewhere }
  })
  const units = (values: number[]) => ({
    below10: values.filter((x) => x < 0.1).length / values.length,
    above90: values.filter((x) => x > 0.9).length / values.length,
  })
  return {
    movedToCity: meanOf(kept.map(({ words }) => words)),
    city: meanOf(kept.map(({ city }) => city)),
    elsewhere: meanOf(kept.map(({ rest }) => rest)),
    lower: shareOf(kept.filter(({ city, rest }) => city < rest).length, kept.length),
    unitsAtCity: units(kept.flatMap(({ atCity }) => atCity)),
    unitsElsewhere: units(kept.flatMap(({ elsewhere }) => elsewhere)),
  }
}

/** The keep gate: f of an LSTM, z of a GRU. */
export function keepGateOf(gates: object): Float64Array {
  const named = gates as { forget?: Float64Array; update?: Float64Array }
  return (named.forget ?? named.update)!
}
