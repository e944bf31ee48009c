/** Which steps of a network's last pass count. */
import { internalsOf, type Network } from './network.ts'

/** 1 for each step that is valid (R, packed); null: all are. */
export function validSteps(network: Network): ArrayLike<number> | null {
  return internalsOf(network).context.index.mask?.steps ?? null
}
