/** The lessons' experiments by name: what the labs worker serves. Each lesson's are in a file of their own. */
import type { Served } from '../engine/remote.ts'
import { readOwnTable } from './table.ts'

export const labMethods: Served = {
  table: (_, ...args: Parameters<typeof readOwnTable>) => readOwnTable(...args),
}
