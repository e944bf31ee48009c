// One engine of Latch in a process of its own: node latch.mjs ENGINE SECONDS WORKLOAD…
// Prints a JSON line a workload: { workload, engine, threads, ms: […] }, one number a step, warm-up left out.
import { network, Optimizer, PackedBatch, Random } from '../dist/src/node.js'
import { classes, workloads } from './workloads.mjs'

const [engine, seconds, ...names] = process.argv.slice(2)
const WARM_UP = 5

for (const name of names) {
  const step = stepOf(workloads[name])
  for (let i = 0; i < WARM_UP; i++) step()
  const ms = []
  const end = performance.now() + Number(seconds) * 1000
  while (performance.now() < end || ms.length < 5) {
    const begun = performance.now()
    step()
    ms.push(performance.now() - begun)
  }
  console.log(JSON.stringify({ workload: name, engine: `latch ${engine}`, threads: 1, ms }))
}

function stepOf({ kind, cell, B, T, F, H }) {
  const random = new Random(1, 'bench')
  const x = Float32Array.from({ length: B * T * F }, () => random.normal())
  const batch = PackedBatch.ofFeatures(x, [B, T, F])
  const train = kind === 'train'
  const recurrent = { type: 'recurrent', cell, units: H, outputs: train ? 'last' : 'every' }
  const head = train ? [{ type: 'dense', units: classes }] : []
  const net = network([{ type: 'features', width: F }, recurrent, ...head], {
    engine,
    ...(train ? { loss: { type: 'softmaxCrossEntropy' } } : {}),
  })
  if (!train) return () => net.forward(batch)
  const optimizer = new Optimizer(net, { type: 'adam' })
  const targets = { classes: Array.from({ length: B }, () => random.integer(classes)) }
  const pass = { training: true, record: false, key: 1 }
  return () => {
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, targets, pass)
    optimizer.update(1e-3)
  }
}
