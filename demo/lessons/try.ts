import { languageModel } from 'latch'
import { nextWordTexts, farTexts, nearTexts } from './nextWords.ts'
const [cell, rate, epochs, steps, count, batch] = process.argv.slice(2)
const texts = nextWordTexts(Number(count), 1)
console.log(texts[0], texts.join(' ').split(' ').length, new Set(texts.join(' ').split(' ')).size)
const model = languageModel({
  cell: cell as 'lstm',
  units: 32,
  embedding: 32,
  dropout: 0,
  tokens: 'words',
  lowercase: true,
  minimumCount: 1,
  steps: Number(steps),
  reproducible: true,
  threads: 1,
})
const started = Date.now()
await model.fit(texts, {
  epochs: Number(epochs),
  schedule: { type: 'cosine', tMax: Number(epochs) },
  patience: null,
  learningRate: Number(rate),
  seed: 1,
  ...(batch ? { batchSize: Number(batch) } : {}),
  onEvent: (e) => {
    if (e.type === 'epoch')
      console.log(e.epoch, e.trainLoss.toFixed(4), e.validationLoss?.toFixed(4), e.seconds.toFixed(2))
  },
})
console.log((Date.now() - started) / 1000, 's', model.toBytes().length, model.parameterCount)
const right = (all: { text: string; answer: string }[]) =>
  all.filter(({ text, answer }) => model.next(text, 1)[0].token === answer).length / all.length
console.log('near', right(nearTexts(200)))
for (const d of [0, 5, 10, 20, 30, 40, 60, 80]) console.log(d, right(farTexts(d, 200)))
