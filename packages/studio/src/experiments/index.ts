/** The experiments of the lessons by name, one file per lesson: the methods that the experiments' worker serves. */
import type { WorkerMethods } from '../rpc/remote.ts'
import { lesson1 } from './lesson1.ts'
import { lesson2 } from './lesson2.ts'
import { lesson3 } from './lesson3.ts'
import { lesson4 } from './lesson4.ts'
import { lesson5 } from './lesson5.ts'
import { lesson7 } from './lesson7.ts'
import { lesson8 } from './lesson8.ts'
import { lesson9 } from './lesson9.ts'
import { story } from './story.ts'
import { readOwnTable } from './table.ts'
import { timing } from './timing.ts'

export const experiments: WorkerMethods = {
  ...lesson1,
  ...lesson2,
  ...lesson3,
  ...lesson4,
  ...lesson5,
  ...lesson7,
  ...lesson8,
  ...lesson9,
  ...story,
  ...timing,
  table: (_, ...args: Parameters<typeof readOwnTable>) => readOwnTable(...args),
}
