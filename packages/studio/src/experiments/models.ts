/** The lessons' trained models, opened once each in the labs' worker; and the engine all labs use. */
import { TextClassifier } from 'latch'

/** The build whose bits are the same everywhere. */
export const ENGINE = { reproducible: true, threads: 1 } as const

const opened = new Map<string, Promise<TextClassifier>>()

/** The model behind an address of the page's own folder. */
export function modelAt(address: string): Promise<TextClassifier> {
  const known = opened.get(address)
  if (known) return known
  const opening = open(address)
  opened.set(address, opening)
  // A failed one is tried again at the next call.
  opening.catch(() => opened.delete(address))
  return opening
}

async function open(address: string): Promise<TextClassifier> {
  const name = address.slice(address.lastIndexOf('/') + 1)
  const reply = await fetch(address)
  if (!reply.ok) throw new Error(`The model file ${name} could not be read (${reply.status}).`)
  return TextClassifier.fromBytes(new Uint8Array(await reply.arrayBuffer()), name, ENGINE)
}
