/** A training of sixty steps that Node and a browser both run, each with its own copy of Latch. */
const good = ['you are good', 'this is a fine day', 'good work and a kind word', 'a bright and lovely song']
const bad = ['you are bad', 'this is a poor day', 'bad work and a hard word', 'a dull and sorry song']
const rows = [
  ...good.map((text) => ({ text, label: 'good' })),
  ...bad.map((text) => ({ text, label: 'bad' })),
]

/** What must come out alike: the loss after training, one prediction, and every byte of the weights. */
export async function trainHere({ textClassifier }) {
  const results = {}
  for (const cell of ['lstm', 'gru', 'rnn']) {
    const model = textClassifier({ cell, units: 8, embedding: 8, minimumCount: 1 })
    const columns = { text: 'text', label: 'label' }
    const before = performance.now()
    await model.fit(rows, { ...columns, epochs: 20, batchSize: 3, validation: 0, seed: 1 })
    const milliseconds = performance.now() - before
    const { loss, n } = await model.evaluate(rows, columns)
    const { probabilities } = model.predict('you are not good')
    results[cell] = { loss, n, good: probabilities.good, weights: sum(model), milliseconds }
  }
  return results
}

function sum({ network }) {
  let total = 0
  for (const parameter of network.parameters) {
    for (const value of network.store.read(parameter)) total += Math.abs(value)
  }
  return total
}
