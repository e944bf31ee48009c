/** Trains and predicts on a page whose policy forbids compiling WebAssembly; scripts/browserCheck.mjs serves it. */
const post = (body) => fetch('/result', { method: 'POST', body: JSON.stringify(body) })
try {
  const { describeEngine, supportedEngines, textClassifier } = await import('/packages/latch/dist/index.js')
  const rows = Array.from({ length: 40 }, (_, i) => ({
    text: i % 2 ? 'a fine day' : 'an awful night',
    label: i % 2 ? 'good' : 'bad',
  }))
  const model = textClassifier({ cell: 'gru', units: 4 })
  await model.fit(rows, { text: 'text', label: 'label', epochs: 20, seed: 1 })
  const { label } = model.predict('a fine day')
  await post({ engines: supportedEngines(), note: describeEngine().threadsNote, label })
} catch (error) {
  await post({ error: String(error?.stack ?? error) })
}
