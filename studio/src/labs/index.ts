/** The lessons' experiments by name: what the labs worker serves. Each lesson's are in a file of their own. */
import type { Served } from '../engine/remote.ts'
import { lesson5 } from './lesson5.ts'
import { lesson7 } from './lesson7.ts'
import { lesson8 } from './lesson8.ts'
import { story } from './story.ts'
import { readOwnTable } from './table.ts'
import { timing } from './timing.ts'

export const labMethods: Served = {
  ...lesson5,
  ...lesson7,
  ...lesson8,
  ...story,
  ...timing,
  table: (_, ...args: Parameters<typeof readOwnTable>) => readOwnTable(...args),
}
