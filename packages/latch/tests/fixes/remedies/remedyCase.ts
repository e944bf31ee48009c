/** A sentence that says what to do: the call whose error says it, and what the sentence asks for. */
import { LatchError } from '../../../src/core/errors.ts'

export interface RemedyCase {
  name: string
  /** The class of the error. */
  kind: new (...args: never[]) => LatchError
  /** The remedy as it is printed. */
  remedy: string
  /** Fails. */
  raise(): unknown
  /** Does what the remedy says, and must succeed. */
  follow(): unknown
}

/** What a call throws, at once or later. */
export async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return undefined
}

/** An error and its causes. */
export function withCauses(error: unknown): LatchError[] {
  return error instanceof LatchError ? [error, ...withCauses(error.cause)] : []
}
