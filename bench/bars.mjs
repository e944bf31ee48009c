// What Latch wants to reach: for each comparison a least ratio and an aim. Above 1, Latch is faster.
import { ratioOf, summary } from './rows.mjs'

const STREAMING = { 'W6-32': [15, 25], 'W6-64': [8, 10], 'W6-128': [3.5, 4.5], 'W6-512': [1.3, 1.5] }
const PLAIN = ['W1', 'W2', 'W3']
const named = (name, threads) => (row) =>
  row.engine === name && (threads === undefined || row.threads === threads)
const torch = (threads) => (row) => row.engine.startsWith('pytorch') && row.threads <= threads
const peer = (row) => !row.engine.startsWith('latch') && row.threads === 1

/** `ours` and `theirs` say which rows. */
function comparisons(latch) {
  const one = named(latch, 1)
  const two = named(latch, 2)
  const best = 'PyTorch, best of two cores'
  const bar = (workload, against, theirs, least, aim, ours = one, threads = '1') => ({
    workload,
    against,
    theirs,
    least,
    aim,
    ours,
    threads,
  })
  const inference = (name, web, node) => [
    bar(name, 'ONNX Runtime web', named('onnxruntime-web', 1), ...web),
    bar(name, 'ONNX Runtime node', named('onnxruntime-node', 1), ...node),
  ]
  return [
    ...PLAIN.map((name) => bar(name, 'PyTorch, one thread', torch(1), 1.1, 1.35)),
    ...PLAIN.map((name) => bar(name, best, torch(2), 1.5, 2, two, '2')),
    bar('W4', 'PyTorch, one thread', torch(1), 0.7, 0.85),
    bar('W4', best, torch(2), 0.8, 1, two, '2'),
    ...inference('W5', [1.6, 2.2], [0.75, 1]),
    ...Object.entries(STREAMING).map(([name, goals]) => bar(name, 'the best peer', peer, ...goals)),
    ...inference('W7', [1.6, 2.2], [0.55, 0.68]),
    ...PLAIN.map((name) => bar(name, 'TensorFlow.js wasm', named('tfjs-wasm'), 20, 40)),
    bar('brain-1', 'brain.js', named('brain.js'), 25, 45),
    { ...bar('brain-32', 'brain.js, one by one', named('brain.js'), 80, 100), theirWorkload: 'brain-1' },
    bar('W1', 'Latch, one thread', one, 1.6, 1.9, two, '2'),
    bar('W4', 'Latch, one thread', one, 1.6, 1.9, two, '2'),
  ]
}

/** Every bar of a workload that ran, with what was got: { workload, against, threads, oursMs, theirsMs, got, least, aim, ok }. */
export function judgeBars(rows) {
  const latch = ourEngine(rows)
  const wanted = comparisons(latch).map((bar) => judged(rows, bar))
  const ran = new Set([...rows.all, ...rows.failures].map(({ workload }) => workload))
  const all = [...wanted, plainAgainstRelaxed(rows), lengthsAgainstEqual(rows, latch)]
  return all.filter(({ workload }) => ran.has(workload))
}

/** Relaxed SIMD where it ran, else the plain build. */
export function ourEngine(rows) {
  return rows.all.some((row) => row.engine === 'latch relaxed') ? 'latch relaxed' : 'latch simd'
}

/** Of several rows of theirs the one that Latch is least ahead of, so that no lucky median chooses. */
function judged(rows, { workload, theirWorkload = workload, ours, theirs, ...bar }) {
  const [mine] = rows.find(workload, ours)
  const others = rows.find(theirWorkload, theirs)
  const compared = mine ? others.map((row) => ({ row, got: ratioOf(mine, row) })) : []
  const paired = compared.filter(({ got }) => got).toSorted((x, y) => x.got.ratio - y.got.ratio)
  const other = paired[0]?.row ?? others[0]
  const got = paired[0]?.got ?? null
  return {
    workload,
    ...bar,
    by: other ? rowName(other) : null,
    oursMs: mine && summary(mine).medianMs,
    theirsMs: other && summary(other).medianMs,
    got,
    ok: verdict(got?.ratio, bar),
  }
}

/** The plain build's speed as a share of the relaxed one's. */
function plainAgainstRelaxed(rows) {
  const bar = { workload: 'W1', against: 'plain / relaxed build', threads: '1', least: 0.75, aim: 0.82 }
  return judged(rows, { ...bar, ours: named('latch simd', 1), theirs: named('latch relaxed', 1) })
}

/** Time of one real token where lengths differ over that where all are T: here less is better. */
function lengthsAgainstEqual(rows, latch) {
  const bar = {
    workload: 'lengths',
    against: 'equal lengths, a token',
    threads: '1',
    least: 1.15,
    aim: 1.05,
    less: true,
  }
  const [ragged] = rows.find('lengths', named(latch, 1))
  const [whole] = rows.find('W1', named(latch, 1))
  if (!ragged || !whole) return { ...bar, by: null, got: null, ok: verdict(undefined, bar) }
  const tokens = 32 * 100
  const equal = {
    ...whole,
    rounds: whole.rounds.map(({ round, ms }) => ({ round, ms: ms.map((x) => x / tokens) })),
  }
  const got = ratioOf(equal, ragged)
  const times = { oursMs: summary(ragged).medianMs, theirsMs: summary(equal).medianMs }
  return { ...bar, by: latch, ...times, got, ok: verdict(got?.ratio, bar) }
}

function verdict(ratio, { least, aim, less = false }) {
  if (ratio === undefined) return 'not measured'
  const reaches = (goal) => (less ? ratio <= goal : ratio >= goal)
  return reaches(aim) ? 'aim' : reaches(least) ? 'yes' : 'NO'
}

/** pytorch LSTMCell, two threads: the row's name as text. */
export function rowName({ engine, mode, threads }) {
  return `${engine}${mode ? ` (${mode})` : ''}, ${threads}`
}
