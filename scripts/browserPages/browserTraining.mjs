/** A training of sixty steps that Node and a browser both run, each with its own copy of Latch. */
const kind = ['you are good', 'this is a fine day', 'good work and a kind word', 'a bright and lovely song']
const unkind = ['you are bad', 'this is a poor day', 'bad work and a hard word', 'a dull and sorry song']
const rows = [
  ...kind.map((text) => ({ text, label: 'good' })),
  ...unkind.map((text) => ({ text, label: 'bad' })),
]

/** By cell: loss and weights of the host's fastest build, and the file of the reproducible one. */
export async function trainHere(latch) {
  const results = {}
  for (const cell of ['lstm', 'gru', 'rnn']) {
    const { model, loss, good } = await train(latch, { cell, units: 8, embedding: 8 }, 20)
    const exact = await train(latch, { cell, units: 8, embedding: 8, reproducible: true }, 20)
    results[cell] = { loss, good, weights: sum(model), file: await digest(exact.model.toBytes()) }
  }
  const threads = await Promise.all([1, 2].map((count) => trainWide(latch, count)))
  return { cells: results, threads, engine: latch.describeEngine().name, shared: typeof SharedArrayBuffer }
}

async function train({ textClassifier }, options, epochs) {
  const model = textClassifier({ minimumCount: 1, ...options })
  const columns = { text: 'text', label: 'label' }
  await model.fit(rows, { ...columns, epochs, batchSize: 3, validation: 0, seed: 1 })
  const { loss } = await model.evaluate(rows, columns)
  const { probabilities } = model.predict('you are not good')
  return { model, loss, good: probabilities.good }
}

/** Large enough that threads share it. */
async function trainWide(latch, threads) {
  const { model } = await train(
    latch,
    { cell: 'lstm', units: 160, embedding: 64, reproducible: true, threads },
    8,
  )
  const { executor, threadsNote } = model.network.engine
  return { file: await digest(model.toBytes()), size: executor.size, note: threadsNote }
}

async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function sum({ network }) {
  let total = 0
  for (const parameter of network.parameters) {
    for (const value of network.readParameter(parameter.name)) total += Math.abs(value)
  }
  return total
}
