/** Errors as the page shows them. */
import { CallError, type ErrorDetails } from '../rpc/remote.ts'

/** The fields of any error. */
export function errorDetails(error: unknown): ErrorDetails {
  if (error instanceof CallError) return error.details
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: 'Error', message: String(error) }
}
