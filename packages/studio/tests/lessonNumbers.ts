/** The lessons' numbers once more, by the library or by hand: what their pages have to say. */
import { join } from 'node:path'
import { changingFacts } from '../../latch/src/datasets.ts'
import { gradientFlow, setSpectralRadius, traceSequence } from '../../latch/src/inspection.ts'
import {
  dense,
  features,
  LanguageModel,
  network,
  oneHot,
  PackedBatch,
  Random,
  rnn,
  TextClassifier,
  type LayerSpec,
} from '../../latch/src/node.ts'
import { clipGradients, Optimizer } from '../../latch/src/training.ts'
import { root } from '../../../tests/architecture/tree.ts'

export const ENGINE = { reproducible: true, threads: 1 } as const
export const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
export const sigmoid = (a: number) => 1 / (1 + Math.exp(-a))
const columnsOf = (flat: readonly number[], columns: number) =>
  Array.from({ length: flat.length / columns }, (_, r) => flat.slice(r * columns, (r + 1) * columns))

export function costs(words: number, length: number): { ann: number; rnn: number } {
  const H = 16
  return { ann: length * words * H + H + H + 1, rnn: words * H + H * H + 2 * H + H + 1 }
}

export interface Tiny {
  Wi: number[][]
  Wh: number[][]
  b: number[]
  Wo: number[]
  bo: number
}

/** Lesson 3's start: the library's weights of its seed, and the biases that the lesson sets; (in, out). */
export function tinyWeights(): Tiny {
  const layers: LayerSpec[] = [oneHot({ vocabulary: 5 }), rnn(3, { returnSequences: false }), dense(1)]
  const net = network(layers, { ...ENGINE, seed: 5 })
  const read = (name: string) => [...net.readParameter(name)]
  const turned = (flat: number[], columns: number) => {
    const rows = columnsOf(flat, columns)
    return rows[0].map((_, c) => rows.map((row) => row[c]))
  }
  const [Wi, Wh] = [turned(read('recurrent.0.weight_ih_l0'), 5), turned(read('recurrent.0.weight_hh_l0'), 3)]
  const Wo = read('dense.0.weight')
  net.dispose()
  return { Wi, Wh, b: [0.1, -0.2, 0.3], Wo, bo: -0.15 }
}

/** O_t = tanh(x·Wi + O·Wh + b), ŷ = σ(O·Wo + bo). */
export function byHand({ Wi, Wh, b, Wo, bo }: Tiny, ids: readonly number[]) {
  let O = [0, 0, 0]
  const sums: number[][] = []
  const hidden = ids.map((id) => {
    const total = b.map((bias, u) => Wi[id][u] + sum(O.map((o, k) => o * Wh[k][u])) + bias)
    sums.push(total)
    return (O = total.map(Math.tanh))
  })
  const logit = sum(O.map((o, u) => o * Wo[u])) + bo
  return { sums, hidden, logit, answer: sigmoid(logit) }
}

export const ETAS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]

/** Lesson 4's three sentences and its network, here. */
export class School {
  readonly #ids = [
    [0, 1, 2],
    [0, 3, 2],
    [0, 4, 2],
  ]
  readonly #net
  readonly #optimizer

  constructor() {
    const layers: LayerSpec[] = [oneHot({ vocabulary: 5 }), rnn(3, { returnSequences: false }), dense(1)]
    this.#net = network(layers, { ...ENGINE, seed: 3, loss: { type: 'binaryCrossEntropy' } })
    this.#net.prepareTraining()
    this.#optimizer = new Optimizer(this.#net, { type: 'sgd' })
  }

  /** With the gradients left in the network. */
  loss(): number {
    const pass = { training: true, record: false, key: 0 }
    const batch = PackedBatch.ofIds(this.#ids)
    this.#net.zeroGradients()
    this.#net.forward(batch, pass)
    return this.#net.backward(batch, { classes: [1, 1, 0] }, pass).mean
  }

  update(eta: number, times: number): void {
    for (let i = 0; i < times; i++) {
      this.loss()
      this.#optimizer.update(eta)
    }
  }

  /** One update of a fresh network; `index` counts (in, out) row by row, as the page's buttons do. */
  look(matrix: 'Wi' | 'Wh', index: number, eta: number) {
    const fresh = new School()
    const net = fresh.#net
    const name = matrix === 'Wi' ? 'recurrent.0.weight_ih_l0' : 'recurrent.0.weight_hh_l0'
    const [from, to] = [Math.floor(index / 3), index % 3]
    const place = to * (matrix === 'Wi' ? 5 : 3) + from
    const loss = fresh.loss()
    const [old, gradient] = [net.readParameter(name)[place], net.readParameter(name, 'gradients')[place]]
    fresh.#optimizer.update(eta)
    const next = net.readParameter(name)[place]
    return { old, gradient, next, loss, lossNext: fresh.loss() }
  }
}

/** Lesson 5's laboratory. */
export function explosion(activation: 'tanh' | 'relu', steps: number, radius: number) {
  const layers: LayerSpec[] = [features(4), rnn(16, { activation, returnSequences: false }), dense(1)]
  const net = network(layers, { ...ENGINE, seed: 1, loss: { type: 'meanSquaredError' } })
  setSpectralRadius(net, radius)
  const random = new Random(1, 'inputs of the explosion laboratory')
  const inputs = Array.from({ length: steps * 4 }, () => random.uniform() - 0.5)
  const batch = PackedBatch.ofFeatures(inputs, [1, steps, 4])
  const { verdict } = gradientFlow(net, batch, { values: [1] })
  const pass = { training: true, record: false, key: 0 }
  net.prepareTraining()
  net.zeroGradients()
  net.forward(batch, pass)
  net.backward(batch, { values: [1] }, pass)
  const { norm } = clipGradients(net, { clipNorm: 1 })
  net.dispose()
  return { verdict, norm }
}

export const modelOf = (cell: string) =>
  TextClassifier.load(join(root, 'packages', 'studio', 'dist', 'models', `facts-${cell}.safetensors`), ENGINE)

export const languageModelOf = (cell: string) =>
  LanguageModel.load(join(root, 'packages', 'studio', 'dist', 'models', `next-${cell}.safetensors`), ENGINE)

/** Lesson 8: what is left of the gradient forty steps back, beside one; median of its forty stories. */
export async function backwardPass(cell: string): Promise<number> {
  const model = await modelOf(cell)
  const ratios = changingFacts({ count: 40, distance: 40, seed: 7, people: 1 }).map(({ text, label }) => {
    const targets = { classes: [model.labels.indexOf(label)] }
    const [{ steps }] = traceSequence(model.network, model.encode(text).ids, targets).layers
    const norm = (lag: number) => {
      const { hidden, cell: belt } = steps.at(-1 - lag)!.gradient
      return Math.hypot(hidden, belt ?? 0)
    }
    return norm(40) / norm(1)
  })
  model.dispose()
  return ratios.toSorted((a, b) => a - b)[ratios.length >> 1]
}
