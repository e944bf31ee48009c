/** The trained models of the lessons, each opened once in the experiments' worker; and the engine of all experiments. */
import { TextClassifier } from 'latch'

/** The reproducible build, whose results are the same on every machine. */
export const ENGINE = { reproducible: true, threads: 1 } as const

const opened = new Map<string, Promise<TextClassifier>>()

/** The model at an address of the page's server. */
export function openModelAt(address: string): Promise<TextClassifier> {
  const known = opened.get(address)
  if (known) return known
  const opening = open(address)
  opened.set(address, opening)
  // A failed request is repeated at the next call.
  opening.catch(() => opened.delete(address))
  return opening
}

async function open(address: string): Promise<TextClassifier> {
  const name = address.slice(address.lastIndexOf('/') + 1)
  const reply = await fetch(address)
  if (!reply.ok) throw new Error(`Cannot load the model file ${name} (HTTP status ${reply.status}).`)
  return TextClassifier.fromBytes(new Uint8Array(await reply.arrayBuffer()), name, ENGINE)
}
