/** What to type to run this program again: `latch` where it is installed, `npx latch` in a clone of it. */
import { realpathSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { shellWord } from '../options/options.ts'

export interface Invocation {
  /** As Node was given it. */
  script: string
  /** Where the program stands. */
  folder: string
  /** What npm sets for what it runs: `exec` for npx. */
  npm: string | undefined
}

/** Words of a shell; outside the clone npx would fetch a stranger's package, so there the script is named. */
export function programName(invocation: Invocation = ours()): string {
  const { script, folder, npm } = invocation
  if (npm === 'exec') return 'npx latch'
  const real = realPath(script)
  if (real.split(sep).includes('node_modules')) return 'latch'
  const clone = join(dirname(real), '..', '..', '..')
  const below = relative(clone, realPath(folder))
  return below === '' || below.split(sep)[0] !== '..' ? 'npx latch' : `node ${shellWord(real)}`
}

function ours(): Invocation {
  return { script: process.argv[1], folder: process.cwd(), npm: process.env.npm_command }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
