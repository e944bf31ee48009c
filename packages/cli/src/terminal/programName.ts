/** The command that runs this program: `latch` if installed, `npx latch` in a clone of the repository. */
import { realpathSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { shellWord } from '../options/options.ts'

export interface Invocation {
  /** The script path given to Node. */
  script: string
  /** The current folder. */
  folder: string
  /** npm's `npm_command`: `exec` for npx. */
  npm: string | undefined
}

/** Shell words. Outside the clone, npx would fetch a package of that name, so the script is named instead. */
export function programName(invocation: Invocation = currentInvocation()): string {
  const { script, folder, npm } = invocation
  if (npm === 'exec') return 'npx latch'
  const real = realPath(script)
  if (real.split(sep).includes('node_modules')) return 'latch'
  const clone = join(dirname(real), '..', '..', '..')
  const below = relative(clone, realPath(folder))
  return below === '' || below.split(sep)[0] !== '..' ? 'npx latch' : `node ${shellWord(real)}`
}

function currentInvocation(): Invocation {
  return { script: process.argv[1], folder: process.cwd(), npm: process.env.npm_command }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
