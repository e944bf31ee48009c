/**
 * A sequence model of any origin: a network with what its numbers mean at both ends. It predicts, streams,
 * traces, learns on and is saved like every model; imports become one, unless they carry a task of Latch.
 */
import type { EngineOptions } from '../engine/engine.ts'
import type { ImportedModel } from '../formats/imported.ts'
import { Network } from '../model/network.ts'

/** A network from elsewhere at work. */
export class SequenceModel {
  readonly network: Network

  /** From what a reader found. */
  constructor(imported: ImportedModel, engine: EngineOptions = {}) {
    const weights = ({ name }: { name: string }) => imported.weights.get(name)!
    this.network = new Network(imported.network, { ...engine, weights })
  }
}
