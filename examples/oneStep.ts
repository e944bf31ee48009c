/**
 * One step of each cell, every product and sum written out, and the engine's result beside it.
 * Two units, three features, and the memory of the notes: h_0 = [0.65, 0.30].
 */
import { features, network, type NetworkOptions, PackedBatch, recurrent } from 'latch'
import { agreement, factor, heading, number, paragraph, runAsProgram, title, type Print } from './page.ts'
import { largestDifference, sigmoid } from './paper.ts'

const X = [1, 0, 0]
const H0 = [0.65, 0.3]
const C0 = [0.8, -0.4]

/** The weights of one gate: a row a unit, over x_1 x_2 x_3 and h_1 h_2, and a bias a unit. */
interface Gate {
  input: number[][] // (2, 3)
  hidden: number[][] // (2, 2)
  bias: number[]
}

const RNN = {
  candidate: gate(
    [
      [0.4, -0.2, 0.7],
      [-0.5, 0.6, 0.1],
    ],
    [
      [0.5, -0.6],
      [0.3, 0.8],
    ],
    [0.1, -0.2],
  ),
}
const LSTM = {
  input: gate(
    [
      [0.6, 0.1, -0.4],
      [0.3, -0.5, 0.2],
    ],
    [
      [0.2, 0.4],
      [-0.3, 0.5],
    ],
    [0.1, 0],
  ),
  forget: gate(
    [
      [0.5, -0.3, 0.2],
      [-0.2, 0.4, 0.6],
    ],
    [
      [0.7, -0.1],
      [0.2, 0.3],
    ],
    [1, 1],
  ),
  candidate: gate(
    [
      [0.9, 0.2, -0.6],
      [-0.7, 0.1, 0.5],
    ],
    [
      [0.4, 0.3],
      [-0.2, 0.6],
    ],
    [0, 0.2],
  ),
  output: gate(
    [
      [-0.1, 0.5, 0.3],
      [0.8, -0.4, 0.2],
    ],
    [
      [0.6, 0.2],
      [0.1, -0.5],
    ],
    [0.3, -0.1],
  ),
}
const GRU = {
  reset: gate(
    [
      [0.3, -0.6, 0.4],
      [0.5, 0.2, -0.1],
    ],
    [
      [0.4, -0.2],
      [0.6, 0.1],
    ],
    [0.2, -0.1],
  ),
  update: gate(
    [
      [-0.4, 0.5, 0.1],
      [0.7, -0.3, 0.2],
    ],
    [
      [0.3, 0.6],
      [-0.5, 0.2],
    ],
    [0.1, 0.3],
  ),
  candidate: gate(
    [
      [0.8, 0.1, -0.5],
      [-0.6, 0.4, 0.3],
    ],
    [
      [0.5, -0.4],
      [0.2, 0.9],
    ],
    [0.1, -0.1],
  ),
}
/** The bias on the h side of a GRU's candidate: the reset gate multiplies it too. */
const GRU_INNER_BIAS = [0.2, -0.3]

/** The new states by hand, and how far the engine is from them. */
export interface CellResult {
  hidden: number[]
  /** LSTM only. */
  cell?: number[]
  difference: { float64: number; float32: number }
}

export interface Result {
  rnn: CellResult
  lstm: CellResult
  gru: CellResult
}

/** Prints the page and returns its numbers. */
export function run(print: Print): Result {
  title(print, 'One step of each cell, by hand')
  const text = `The word that comes in is x = [1, 0, 0]; the memory so far is h_0 = [0.65, 0.30]. The notes
    put them side by side, [1, 0, 0, 0.65, 0.30], and every gate multiplies that row with its own
    weights. Two units, so every gate has two numbers. σ gives a number from 0 to 1 (how much?), tanh one
    from -1 to 1 (what?).`
  paragraph(print, text)
  return { rnn: rnnStep(print), lstm: lstmStep(print), gru: gruStep(print) }
}

function gate(input: number[][], hidden: number[][], bias: number[]): Gate {
  return { input, hidden, bias }
}

/** A product of [x, h] with a gate's row, plus its bias, written out; then f of it. Both units. */
function gateByHand(print: Print, name: string, { input, hidden, bias }: Gate, f: 'σ' | 'tanh'): number[] {
  return [0, 1].map((unit) => {
    const weights = [...input[unit], ...hidden[unit]]
    const values = [...X, ...H0]
    const terms = values.map(
      (value, k) => `${Number.isInteger(value) ? value : factor(value)}·${factor(weights[k])}`,
    )
    const sum = values.reduce((total, value, k) => total + value * weights[k], bias[unit])
    const result = f === 'σ' ? sigmoid(sum) : Math.tanh(sum)
    print(`  ${name}_${unit + 1} = ${f}( ${terms.join(' + ')} + ${factor(bias[unit])} )`)
    print(`      = ${f}( ${number(sum).trim()} ) = ${number(result).trim()}`)
    return result
  })
}

function rnnStep(print: Print): CellResult {
  heading(print, 'SimpleRNN: h = tanh(W·[x, h_0] + b)')
  const hidden = gateByHand(print, 'h', RNN.candidate, 'tanh')
  const weights = torchWeights([RNN.candidate])
  return compareWithEngine(print, { hidden }, (options) => engineStep('rnn', weights, options))
}

function lstmStep(print: Print): CellResult {
  heading(print, 'LSTM: c = f·c_0 + i·g,  h = o·tanh(c)')
  paragraph(print, 'It has a second memory, the cell state: c_0 = [0.80, -0.40].')
  print('')
  const f = lstmGate(print, 'f', 'forget gate: how much of the old cell state stays', LSTM.forget, 'σ')
  const i = lstmGate(print, 'i', 'input gate: how much of the new comes in', LSTM.input, 'σ')
  const g = lstmGate(print, 'g', 'candidate: what is new', LSTM.candidate, 'tanh')
  const o = lstmGate(print, 'o', 'output gate: how much of the cell state shows', LSTM.output, 'σ')
  print('  the new cell state, and the new hidden state')
  const cell = [0, 1].map((u) => {
    const c = f[u] * C0[u] + i[u] * g[u]
    print(`  c_${u + 1} = ${four(f[u])}·${factor(C0[u])} + ${four(i[u])}·${four(g[u])} = ${number(c).trim()}`)
    return c
  })
  const hidden = [0, 1].map((u) => {
    const h = o[u] * Math.tanh(cell[u])
    print(`  h_${u + 1} = ${four(o[u])}·tanh(${number(cell[u]).trim()}) = ${number(h).trim()}`)
    return h
  })
  const weights = torchWeights([LSTM.input, LSTM.forget, LSTM.candidate, LSTM.output])
  return compareWithEngine(print, { hidden, cell }, (options) => engineStep('lstm', weights, options))
}

function lstmGate(print: Print, name: string, meaning: string, weights: Gate, f: 'σ' | 'tanh'): number[] {
  print(`  ${meaning}`)
  return gateByHand(print, name, weights, f)
}

function gruStep(print: Print): CellResult {
  heading(print, 'GRU: h = z·h_0 + (1 - z)·n')
  const text = `The form most libraries use: z keeps the old, and the reset gate r works on the product of the
    weights with h_0. The form of the notes is in gruForms.`
  paragraph(print, text)
  print('')
  print('  reset gate: how much of the memory the candidate may see')
  const r = gateByHand(print, 'r', GRU.reset, 'σ')
  print('  update gate: how much of the old memory stays')
  const z = gateByHand(print, 'z', GRU.update, 'σ')
  print('  candidate: n = tanh(Wx·x + b + r·(Wh·h_0 + b_h))')
  const n = [0, 1].map((u) => gruCandidate(print, u, r[u]))
  print('  the new hidden state')
  const hidden = [0, 1].map((u) => {
    const h = z[u] * H0[u] + (1 - z[u]) * n[u]
    print(
      `  h_${u + 1} = ${four(z[u])}·${factor(H0[u])} + (1 - ${four(z[u])})·${four(n[u])} = ${number(h).trim()}`,
    )
    return h
  })
  const weights = torchWeights([GRU.reset, GRU.update, GRU.candidate])
  GRU_INNER_BIAS.forEach((b, u) => (weights.bias_hh_l0[4 + u] = b))
  return compareWithEngine(print, { hidden }, (options) => engineStep('gru', weights, options))
}

function gruCandidate(print: Print, unit: number, reset: number): number {
  const { input, hidden, bias } = GRU.candidate
  const [wx, wh, b, inner] = [input[unit], hidden[unit], bias[unit], GRU_INNER_BIAS[unit]]
  const fromInput = X.reduce((sum, x, k) => sum + x * wx[k], b)
  const fromMemory = H0.reduce((sum, h, k) => sum + h * wh[k], inner)
  const result = Math.tanh(fromInput + reset * fromMemory)
  const inputTerms = X.map((x, k) => `${x}·${factor(wx[k])}`).join(' + ')
  const memoryTerms = H0.map((h, k) => `${factor(h)}·${factor(wh[k])}`).join(' + ')
  print(`  n_${unit + 1} = tanh( ${inputTerms} + ${factor(b)}`)
  print(`              + ${four(reset)}·(${memoryTerms} + ${factor(inner)}) )`)
  print(
    `      = tanh( ${number(fromInput).trim()} + ${four(reset)}·${four(fromMemory)} ) = ${number(result).trim()}`,
  )
  return result
}

function four(x: number): string {
  return factor(x, 4)
}

/** Parameters of a layer under PyTorch's names: gates one above the other. */
interface TorchWeights {
  weight_ih_l0: number[] // (G·2, 3)
  weight_hh_l0: number[] // (G·2, 2)
  bias_ih_l0: number[] // (G·2)
  bias_hh_l0: number[] // (G·2)
}

function torchWeights(gates: readonly Gate[]): TorchWeights {
  return {
    weight_ih_l0: gates.flatMap(({ input }) => input.flat()),
    weight_hh_l0: gates.flatMap(({ hidden }) => hidden.flat()),
    bias_ih_l0: gates.flatMap(({ bias }) => bias),
    bias_hh_l0: gates.flatMap(({ bias }) => bias.map(() => 0)),
  }
}

/** The engine's own step from the same states with the same weights. */
function engineStep(cell: 'rnn' | 'lstm' | 'gru', weights: TorchWeights, options: NetworkOptions): number[] {
  const net = network([features(3), recurrent(cell, 2)], {
    ...options,
    weights: ({ name }) => weights[name.replace('recurrent.0.', '') as keyof TorchWeights],
  })
  const batch = PackedBatch.ofFeatures(X, [1, 1, 3])
  net.writeInitialState(batch, H0)
  if (cell === 'lstm') net.writeInitialState(batch, C0, { state: 'cell' })
  net.forward(batch)
  const hidden = net.readFinalState(batch)
  return cell === 'lstm' ? [...hidden, ...net.readFinalState(batch, { state: 'cell' })] : [...hidden]
}

function compareWithEngine(
  print: Print,
  states: { hidden: number[]; cell?: number[] },
  engine: (options: NetworkOptions) => number[],
): CellResult {
  const byHand = [...states.hidden, ...(states.cell ?? [])]
  const float64 = largestDifference(byHand, engine({ engine: 'reference', precision: 'float64' }))
  const float32 = largestDifference(byHand, engine({ engine: 'simd' }))
  print('')
  agreement(print, 'reference engine, float64', float64, 1e-12)
  agreement(print, 'SIMD engine, float32', float32, 1e-6)
  return { ...states, difference: { float64, float32 } }
}

runAsProgram(import.meta.url, run)
