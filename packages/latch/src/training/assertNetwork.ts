/** Checks the network that JavaScript callers pass to training. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { Network } from '../model/network.ts'

/** @throws UsageError unless it is a network */
export function assertNetwork(where: string, network: unknown): asserts network is Network {
  if (network instanceof Network) return
  throw new UsageError({ where, expected: 'a network, as `network([…])` makes it', got: describe(network) })
}
