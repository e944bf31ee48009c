/** The trained models of the lessons, each opened once in the experiments' worker; and the engine of all experiments. */
import { LanguageModel, TextClassifier, type EngineOptions } from 'latch'

/** The reproducible build, whose results are the same on every machine. */
export const ENGINE = { reproducible: true, threads: 1 } as const

/** A kind of model that can be opened. */
interface Task<M> {
  fromBytes(bytes: Uint8Array, name: string, engine: EngineOptions): M
}

/** Opens each address once. */
function opener<M>(task: Task<M>): (address: string) => Promise<M> {
  const opened = new Map<string, Promise<M>>()
  return (address) => {
    const known = opened.get(address)
    if (known) return known
    const opening = open(task, address)
    opened.set(address, opening)
    // A failed request is repeated at the next call.
    opening.catch(() => opened.delete(address))
    return opening
  }
}

/** The classifier at an address of the page's server. */
export const openModelAt = opener<TextClassifier>(TextClassifier)

/** The language model at an address of the page's server. */
export const openLanguageModelAt = opener<LanguageModel>(LanguageModel)

async function open<M>(task: Task<M>, address: string): Promise<M> {
  const name = address.slice(address.lastIndexOf('/') + 1)
  const reply = await fetch(address)
  if (!reply.ok) throw new Error(`Cannot load the model file ${name} (HTTP status ${reply.status}).`)
  return task.fromBytes(new Uint8Array(await reply.arrayBuffer()), name, ENGINE)
}
