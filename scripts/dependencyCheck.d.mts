/** Types of dependencyCheck.mjs. */
interface LockFile {
  lockfileVersion: number
  packages: Record<string, object>
}
export function lockFaults(lock: LockFile): string[]
export function licenceFaults(lock: Pick<LockFile, 'packages'>): string[]
