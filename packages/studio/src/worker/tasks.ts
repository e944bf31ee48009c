/** The generated tasks as rows of text and label, with the defaults of their training. */
import { changingFacts, negationComments } from 'latch/datasets'
import type { Row } from '../experiments/table.ts'
import type { DataSpec } from './protocol.ts'

export interface Task {
  id: string
  title: string
  /** The rows, in a sentence. */
  about: string
  count: number
  /** The sentence to inspect first. */
  sentence: string
  epochs: number
  /** Whether the task is small and exact: no dropout, no label smoothing. */
  exact: boolean
}

export const TASKS: readonly Task[] = [
  {
    id: 'comments',
    title: 'Comments with “not”',
    about: 'Short reviews whose meaning depends on word order: “not bad but good” versus “not good but bad”.',
    count: 2000,
    sentence: 'the food was not bad but good',
    epochs: 8,
    exact: false,
  },
  {
    id: 'facts',
    title: 'Who lives where?',
    about:
      'Stories in which a person lives in a city and moves, then a question about where they live. The last fact counts.',
    count: 3000,
    sentence: 'riya lives in delhi . it rained . riya moved to london . time passed . where does riya live ?',
    epochs: 8,
    exact: true,
  },
  {
    id: 'notes',
    title: 'The lecture’s three comments',
    about:
      'The lecture’s own table: “you are good” 1, “you are bad” 0, “you are not good” 0. Just three rows.',
    count: 3,
    sentence: 'you are not good',
    epochs: 60,
    exact: true,
  },
]

const NOTES: readonly Row[] = [
  { text: 'you are good', label: '1' },
  { text: 'you are bad', label: '0' },
  { text: 'you are not good', label: '0' },
]

export function findTask(id: string): Task | null {
  return TASKS.find((task) => task.id === id) ?? null
}

/** Rows to train with. The same specification and seed give the same rows everywhere. */
export function makeRows(data: DataSpec, seed: number): Row[] {
  const count = data.count ?? findTask(data.task)?.count ?? 0
  if (data.task === 'comments') return negationComments({ count, seed })
  if (data.task === 'facts')
    return changingFacts({ count, distance: data.distance ?? [0, 10], seed, people: 1 })
  if (data.task === 'notes') return [...NOTES]
  return data.rows ?? []
}

/** Held-out rows, or null where there are none. */
export function makeTestRows(data: DataSpec, seed: number): Row[] | null {
  if (data.task === 'comments') return negationComments({ count: 400, seed, test: true })
  if (data.task === 'facts')
    return changingFacts({ count: 400, distance: data.distance ?? [0, 10], seed: seed + 7919, people: 1 })
  return null
}
