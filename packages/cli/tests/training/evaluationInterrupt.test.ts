/** Ctrl-C while a trained model is evaluated: the model is saved already, and that is said. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonLines, Workplace, type Ran } from '../cliHelpers.ts'

const place = new Workplace()
const SMALL = '--units 4 --embedding 4 --epochs 1 --text body --test many.csv --json'.split(' ')
const row = (i: number) => `the hotel was ${i % 2 ? 'loud' : 'calm'} number ${i % 7},${i % 2}`

beforeAll(() => {
  const table = (count: number) =>
    ['body,label', ...Array.from({ length: count }, (_, i) => row(i))].join('\n')
  place.write('few.csv', table(40))
  place.write('many.csv', table(150_000))
})
afterAll(() => place.remove())

/** From the saved model to the evaluation; that takes seconds. */
const BETWEEN_MS = 250

/** Sends SIGINT once the model is saved, which is before it is evaluated. */
function interrupted(args: readonly string[], model: string): Promise<Ran> {
  let waiting: NodeJS.Timeout | undefined
  return place.latch(['train', 'few.csv', ...args, '--out', model], {
    watch(child) {
      waiting ??= setInterval(() => {
        if (!existsSync(place.path(model))) return
        clearInterval(waiting)
        setTimeout(() => child.kill('SIGINT'), BETWEEN_MS)
      }, 2)
    },
  })
}

describe('an evaluation that is interrupted', () => {
  it.each([
    ['a text classifier', ['--label', 'label', ...SMALL]],
    ['a multi-label classifier', ['--task', 'multilabel', '--label', 'label', ...SMALL]],
    ['a text regressor', ['--task', 'regress', '--label', 'label', ...SMALL]],
  ])('of %s', async (_, args) => {
    const model = `m${args.length}${args[1]}.safetensors`
    const { code, stderr, ...ran } = await interrupted(args, model)
    expect(code).toBe(130)
    expect(stderr).toContain(`Stopped before the evaluation ended. The trained model is saved in ${model}.`)
    expect(stderr).not.toContain('To resume')
    expect(jsonLines({ code, stderr, ...ran }).at(-1)).toEqual({ event: 'interrupted', model })
    expect(existsSync(place.path(model.replace('.safetensors', '.checkpoint.safetensors')))).toBe(false)
    const again = await place.latch(['predict', model, 'the hotel was calm'])
    expect(again.code).toBe(0)
  })
})
