/** Two hundred trainings and ten thousand streams in one process: what they took is given back, by itself. */
import { internalsOf } from '../../src/model/network.ts'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { network } from '../networks.ts'
import { textClassifier } from '../../src/node.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const MEGABYTE = 2 ** 20

/** Every training shares its work, however small. */
const before = { ...parallelism }
beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
afterAll(() => void Object.assign(parallelism, before))

/** Bytes of the process once all that can be collected is: finalizers run between turns of the event loop. */
async function memoryAtRest(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 5; i++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage()
}

const rows = Array.from({ length: 40 }, (_, i) => ({
  text: i % 2 ? 'you are good and kind' : 'you are not good at all',
  label: i % 2 ? 'good' : 'bad',
}))

async function train(seed: number): Promise<void> {
  const model = textClassifier({ cell: 'lstm', units: 32, minimumCount: 1, threads: 2 })
  const report = await model.fit(rows, { text: 'text', label: 'label', epochs: 2, seed, validation: 0 })
  expect(report.epochs).toBe(2)
}

test('two hundred trainings', async () => {
  for (let i = 0; i < 50; i++) await train(i)
  const grown: number[] = []
  let { rss } = await memoryAtRest()
  for (let window = 0; window < 3; window++) {
    for (let i = 0; i < 50; i++) await train(50 * (window + 1) + i)
    const now = (await memoryAtRest()).rss
    grown.push((now - rss) / MEGABYTE)
    rss = now
  }
  // A network of this size takes about a megabyte, its two instances of the engine more: what is kept grows by
  // 50 MB and more in every window. The allocator keeps pages, on some versions of Node tens of megabytes, in one.
  expect(
    Math.min(...grown),
    `megabytes by 50 trainings: ${grown.map((x) => x.toFixed(1)).join(', ')}`,
  ).toBeLessThan(8)
})

test('ten thousand streams', async () => {
  const net = network([
    { type: 'embedding', vocabulary: 20, size: 64 },
    { type: 'recurrent', cell: 'lstm', units: 256 },
    { type: 'dense', units: 3 },
  ])
  const push = (count: number) => {
    for (let i = 0; i < count; i++) net.stream().push(i % 20)
  }
  push(1000)
  const [early, used] = [await memoryAtRest(), internalsOf(net).engine.memory.used]
  push(10_000)
  expect(internalsOf(net).engine.memory.used).toBe(used)
  const late = await memoryAtRest()
  const grown = late.heapUsed + late.arrayBuffers - early.heapUsed - early.arrayBuffers
  // Kept, their states alone would take 20 MB.
  expect(grown / MEGABYTE).toBeLessThan(2)
})
