// The workloads every engine runs: B batch, T timesteps, F features, H units. `calls` is how many steps one
// sample holds, so that a sample is long against the clock; a time is that of one `per`. Where a workload has
// `threads`, more of them are not worth their time.
const training = { kind: 'train', per: 'step', unit: 'ms', calls: 1 }
const inference = { kind: 'infer', cell: 'lstm', per: 'batch', unit: 'ms', calls: 1 }
const small = { B: 32, T: 100, F: 64, H: 128 }
const streaming = { kind: 'stream', cell: 'lstm', B: 1, T: 1, F: 32, per: 'step', unit: 'µs', calls: 200 }
const sequence = {
  ...training,
  cell: 'lstm',
  T: 100,
  F: 64,
  H: 128,
  next: true,
  per: 'sequence',
}

export const workloads = {
  W1: { what: 'LSTM training step', ...training, cell: 'lstm', ...small },
  W2: { what: 'GRU training step', ...training, cell: 'gru', ...small },
  W3: { what: 'SimpleRNN training step', ...training, cell: 'rnn', ...small },
  W4: { what: 'LSTM training step', ...training, cell: 'lstm', B: 64, T: 64, F: 256, H: 512 },
  W5: {
    what: 'LSTM inference, one sequence',
    ...inference,
    B: 1,
    T: 200,
    F: 64,
    H: 128,
    calls: 5,
  },
  'W6-32': { what: 'LSTM streaming', ...streaming, H: 32, threads: [1] },
  'W6-64': { what: 'LSTM streaming', ...streaming, H: 64, threads: [1] },
  'W6-128': { what: 'LSTM streaming', ...streaming, H: 128, threads: [1] },
  'W6-512': { what: 'LSTM streaming', ...streaming, H: 512 },
  W7: {
    what: 'LSTM inference, a batch',
    ...inference,
    B: 64,
    T: 100,
    F: 128,
    H: 256,
  },
  'brain-1': { what: 'LSTM training on sequences, to predict the next step', ...sequence, B: 1 },
  'brain-32': { what: 'the same, 32 sequences a step', ...sequence, B: 32 },
  lengths: {
    what: 'W1 with lengths uniform in 1…T',
    ...training,
    ...small,
    cell: 'lstm',
    ragged: true,
    per: 'token',
    unit: 'µs',
  },
}

export const classes = 10
/** Each training run turns through as many batches: every step learns from other data than the last. */
export const batches = 4

/** `W6` stands for W6-32 … W6-512, `brain` for both. @throws Error naming what is unknown */
export function workloadNames(list) {
  const all = Object.keys(workloads)
  if (!list) return all
  const names = list.split(',').flatMap((word) => {
    const found = all.filter((name) => name === word || name.startsWith(`${word}-`))
    if (found.length > 0) return found
    throw new Error(`--workloads: expected names among ${all.join(', ')}, got ${word}`)
  })
  return all.filter((name) => names.includes(name))
}

/** The sizes as text: B 32, T 100, F 64, H 128. */
export function sizesOf({ kind, B, T, F, H }) {
  return kind === 'stream' ? `F ${F}, H ${H}` : `B ${B}, T ${T}, F ${F}, H ${H}`
}

/** Lengths uniform in 1…T, the same for every engine: a small generator of its own (mulberry32). */
export function uniformLengths(count, most, seed) {
  let state = seed >>> 0
  return Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x = (x + Math.imul(x ^ (x >>> 7), x | 61)) ^ x
    return 1 + (((x ^ (x >>> 14)) >>> 0) % most)
  })
}
