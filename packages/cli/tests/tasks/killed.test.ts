/** A run of each task that is killed, and resumed with the command that is printed: the bytes of a run never killed. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TASKS } from '../../src/training/resume.ts'
import { Workplace } from '../cliHelpers.ts'

const place = new Workplace()
const rows = Array.from({ length: 60 }, (_, i) => {
  const faults = ['late', 'loud', 'rude'].filter((_name, c) => (i >> c) & 1)
  const text = ['hotel was', ...faults, i % 3 ? 'today' : 'again'].join(' ')
  return { text, label: faults.length > 1 ? 'bad' : 'good', labels: faults, stars: 5 - faults.length }
})

/** What each task is trained with. */
const RUNS: { readonly [T in (typeof TASKS)[number]]: readonly [data: string, flags: string] } = {
  classify: ['rows.jsonl', '--text text --label label'],
  multilabel: ['rows.jsonl', '--task multilabel --text text --label labels'],
  regress: ['rows.jsonl', '--task regress --text text --label stars'],
  pairs: ['rows.jsonl', '--task pairs --text text,stars --label label'],
  lm: ['corpus.txt', '--task lm'],
  tag: ['names.conll', '--task tag'],
  seq2seq: ['rows.jsonl', '--task seq2seq --source label --target text'],
}
const COMMON = '--units 6 --embedding 4 --batch 8 --epochs 40 --patience off --seed 3'.split(' ')

beforeAll(() => {
  place.write('rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))
  place.write('corpus.txt', rows.map(({ text }) => text).join('\n'))
  const sentences = rows.map(({ text }, i) => text.split(' ').map((word) => `${word} ${i % 2 ? 'A' : 'B'}`))
  place.write('names.conll', sentences.map((lines) => lines.join('\n')).join('\n\n'))
})
afterAll(() => place.remove())

describe.each(Object.entries(RUNS))('latch train of the task %s', (task, [data, flags]) => {
  it('resumes a killed run to the same bytes', async () => {
    const args = ['train', data, ...flags.split(' '), ...COMMON]
    const whole = await place.latch([...args, '--quiet', '--out', `${task}-whole.safetensors`])
    expect(whole.stderr).toBe('')
    const frequent = ['--checkpoint-every', '0.01', '--json', '--out', `${task}.safetensors`]
    const cut = await place.latch([...args, ...frequent], {
      watch: (child, stdout) => {
        if (stdout.split('"event":"epoch"').length > 4) child.kill('SIGKILL')
      },
    })
    expect(cut.code).toBeNull()
    const again = [data, ...flags.split(' '), '--resume', `${task}.checkpoint.safetensors`, '--quiet']
    const resumed = await place.latch(['train', ...again])
    expect(resumed.stderr).toBe('')
    expect(resumed.code).toBe(0)
    const [own, other] = [`${task}.safetensors`, `${task}-whole.safetensors`].map((name) =>
      readFileSync(place.path(name)),
    )
    expect(own.equals(other)).toBe(true)
  })
})
