/** Runs the built command line as people do, in a folder of its own, on small generated data. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../latch/src/core/random.ts'

const program = process.env.LATCH_CLI ?? join(import.meta.dirname, '..', 'dist', 'latch.js')

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string | Uint8Array
  env?: Record<string, string>
  /** Kilobytes of virtual memory that the process may have. */
  memory?: number
  /** Called with the process at each piece of standard output. */
  watch?: (child: ChildProcess, stdout: string) => void
}

/** A folder that is gone after the tests, with the command line running inside it. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'latch-cli-'))

  constructor() {
    if (!existsSync(program)) throw new Error('dist/ is missing: run `npm run build` (npm test does) first')
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content)
    return name
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  latch(args: readonly string[], { input, env, memory, watch }: RunOptions = {}): Promise<Ran> {
    const words = [process.execPath, program, ...args]
    const [command, ...rest] =
      memory === undefined ? words : ['bash', '-c', 'ulimit -v "$0"; exec "$@"', String(memory), ...words]
    return new Promise((resolve, reject) => {
      const child = spawn(command, rest, {
        cwd: this.folder,
        // Whether these tests were started through npx is not the command line's business.
        env: { ...process.env, npm_command: '', ...env },
      })
      const ran: Ran = { code: null, stdout: '', stderr: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        ran.stdout += text
        watch?.(child, ran.stdout)
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => (ran.stderr += text))
      child.on('error', reject).on('close', (code) => resolve({ ...ran, code }))
      // A command that fails before it has read its input closes the pipe; that is no error here.
      child.stdin.on('error', () => undefined)
      child.stdin.end(input ?? '')
    })
  }
}

/** Every line of standard output as JSON; throws where one is not. */
export function jsonLines(ran: Ran): Record<string, unknown>[] {
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The one JSON object on standard output. */
export function json(ran: Ran): Record<string, unknown> {
  const all = jsonLines(ran)
  if (all.length !== 1)
    throw new Error(`expected one JSON object, got ${all.length}: ${ran.stdout.slice(0, 500)}`)
  return all[0]
}

export interface Row {
  comment: string
  mood: 'good' | 'bad'
}

const THINGS = ['film', 'book', 'phone', 'meal', 'song', 'room', 'game', 'shop']

/** Comments whose mood one word decides: any model learns them in an epoch or two. */
export function comments(count: number, seed = 1): Row[] {
  const random = new Random(seed, 'comments')
  return Array.from({ length: count }, (_, i) => {
    const mood = i % 2 === 0 ? 'good' : 'bad'
    const word = random.pick(mood === 'good' ? ['lovely', 'superb', 'fine'] : ['awful', 'dreadful', 'poor'])
    return { comment: `the ${random.pick(THINGS)} was ${word}, said my ${random.pick(THINGS)}`, mood }
  })
}

export function csv(rows: readonly Row[], header = true): string {
  const lines = rows.map(({ comment, mood }) => `"${comment}",${mood}`)
  return `${[...(header ? ['comment,mood'] : []), ...lines].join('\n')}\n`
}
