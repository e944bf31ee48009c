/** A sine wave continued: a GRU sees a window of noisy values and predicts the next one; then it feeds on itself. */
import { gru, Random, sequenceModel } from 'latch'
import { heading, number, paragraph, runAsProgram, title, type Print } from './page.ts'

const WINDOW = 24

export interface Result {
  /** On windows that training did not see, and of "the next value is the last one". */
  error: { model: number; last: number }
  /** Values that the model predicted from its own, and the sine's. */
  forecast: number[]
  sine: number[]
}

/** Prints the page and returns its numbers. */
export async function run(print: Print): Promise<Result> {
  title(print, 'Forecasting a sine wave')
  paragraph(
    print,
    'Rows of { input, target }: a window of values and the value that follows. Nothing else is needed.',
  )
  const random = new Random(1, 'noise')
  const series = Array.from({ length: 600 }, (_, t) => Math.sin(t / 5) + 0.05 * random.normal())
  const rows = series.slice(WINDOW).map((target, t) => ({ input: series.slice(t, t + WINDOW), target }))
  const [train, test] = [rows.slice(0, 450), rows.slice(450)]
  const model = sequenceModel({ input: { features: 1 }, layers: [gru(24)], output: { values: 1 } })
  await model.fit(train, { epochs: 40, learningRate: 0.01, seed: 1 })
  const metrics = await model.evaluate(test)
  const window = test[0].input.slice()
  const forecast = Array.from({ length: 30 }, () => {
    const [next] = model.predict(window.slice(-WINDOW)).output
    window.push(next)
    return next
  })
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const last = mean(test.map(({ input, target }) => Math.abs(input[WINDOW - 1] - target)))
  const error = { model: metrics.kind === 'values' ? metrics.meanAbsoluteError : NaN, last }
  heading(print, 'Mean absolute error on later windows')
  print(`  the model ${number(error.model)}, the last value again ${number(error.last)}`)
  const sine = forecast.map((_, t) => Math.sin((450 + WINDOW + t) / 5))
  heading(print, 'Thirty values from its own predictions')
  for (let t = 0; t < forecast.length; t += 2)
    print(`  ${String(t + 1).padStart(2)} ahead   ${number(forecast[t])}   sine ${number(sine[t])}`)
  return { error, forecast, sine }
}

runAsProgram(import.meta.url, run)
