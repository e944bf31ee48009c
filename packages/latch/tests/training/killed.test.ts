/** Killed (SIGKILL) at ten random moments and resumed each time: the model's bytes are those of a run never killed. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/core/random.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..')
const program = join(dirname(fileURLToPath(import.meta.url)), 'killed', 'train.mjs')
const folder = mkdtempSync(join(tmpdir(), 'latch-killed-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Session {
  /** Killed, or ended by itself. */
  killed: boolean
  /** Steps that the checkpoint it started from had; null: it started anew. */
  resumedAt: number | null
  /** Since training began. */
  milliseconds: number
}

/** Trains until the end, or until it is killed `delay` ms after training began. */
function session(name: string, delay: number | null): Promise<Session> {
  const child = spawn(process.execPath, [program, join(folder, name)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, problems, begun] = ['', '', 0]
  child.stderr.on('data', (text) => (problems += String(text)))
  child.stdout.on('data', (text) => {
    out += String(text)
    begun = performance.now()
    if (delay !== null) setTimeout(() => child.kill('SIGKILL'), delay)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal !== 'SIGKILL' && code !== 0)
        return reject(new Error(`the run ended with ${code}: ${problems}`))
      const at = /started at (\d+)/.exec(out)
      const resumedAt = at ? Number(at[1]) : null
      return resolve({ killed: signal === 'SIGKILL', resumedAt, milliseconds: performance.now() - begun })
    })
  })
}

const model = (name: string) => readFileSync(join(folder, name, 'model.safetensors'))

describe('killed at random moments', () => {
  beforeAll(() => {
    if (existsSync(join(root, 'packages', 'latch', 'dist', 'node.js'))) return
    const setup = join(root, 'scripts', 'setup.mjs')
    const { status, stderr } = spawnSync(process.execPath, [setup], { encoding: 'utf8' })
    assert(status === 0, stderr)
  })

  it.each(['lstm', 'gru', 'seq2seq'])(
    '%s: ten times, resumed from the last checkpoint each time',
    async (kind) => {
      const whole = await session(`${kind}-whole`, null)
      expect(whole).toMatchObject({ killed: false, resumedAt: null })
      expect(readdirSync(join(folder, `${kind}-whole`)).sort()).toEqual(['checkpoint', 'model.safetensors'])
      const random = new Random(7, 'kills', kind)
      const resumedAt: number[] = []
      // Should a run end before the tenth kill, the next begins anew.
      for (let [kills, run] = [0, 0]; kills < 10; run++) {
        const name = `${kind}-killed-${run}`
        const steps: number[] = []
        for (let ended = false; !ended;) {
          const delay = kills < 10 ? random.between(0, whole.milliseconds / 3) : null
          const one = await session(name, delay)
          if (one.resumedAt !== null) steps.push(one.resumedAt)
          if (one.killed) kills++
          ended = !one.killed
        }
        expect(model(name).equals(model(`${kind}-whole`)), name).toBe(true)
        expect(steps).toEqual([...steps].sort((a, b) => a - b))
        resumedAt.push(...steps)
      }
      expect(new Set(resumedAt).size).toBeGreaterThan(1)
    },
  )
})
