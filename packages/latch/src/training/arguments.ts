/** Checks the arguments of JavaScript callers: networks and datasets. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { Network } from '../model/network.ts'
import type { Dataset } from './dataset.ts'

/** @throws UsageError unless it is a network */
export function assertNetwork(where: string, network: unknown): asserts network is Network {
  if (network instanceof Network) return
  throw new UsageError({ where, expected: 'a network, as `network([…])` makes it', got: describe(network) })
}

/** @throws UsageError unless it has the members of a dataset */
export function assertDataset(where: string, dataset: unknown): asserts dataset is Dataset {
  const { size, lengths, batch } = (dataset ?? {}) as Partial<Dataset>
  if (Number.isInteger(size) && lengths?.length === size && typeof batch === 'function') return
  const expected = 'a dataset { size, lengths, batch }, as `arrayDataset` makes it'
  throw new UsageError({ where, expected, got: describe(dataset) })
}
