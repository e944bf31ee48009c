/**
 * The lines that convert a pickle, run by every Python with PyTorch that is there: `python3`, Debian's, and
 * `LATCH_PYTHON`. Skipped where none has it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'

const script = fileURLToPath(new URL('../../python/savePickles.py', import.meta.url))
const pythons = [...new Set(['/usr/bin/python3', 'python3', process.env.LATCH_PYTHON ?? ''])].filter(
  (python) => python && spawnSync(python, ['-c', 'import torch']).status === 0,
)
const NAMES = [
  'state',
  'checkpoint',
  'modelStateDict',
  'modelKey',
  'net',
  'whole',
  'wholeInside',
  'parallel',
  'compiled',
  'both',
  'half',
  'tied',
  'legacy',
  'legacyWhole',
] as const

const open = (name: string, bytes: Uint8Array) => readModel(filesInMemory(name, bytes, new Map()))

describe.skipIf(pythons.length === 0).each(pythons.length > 0 ? pythons : ['python3'])('%s', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'latch-pickles-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  let total: number | null = null

  it('saves models and converts them by the lines of the error', async () => {
    const output = execFileSync(python, [script, folder], { encoding: 'utf8' })
    const saved = JSON.parse(output) as { sum: number; names: string[] }
    expect(saved.names).toEqual([...NAMES])
    total = saved.sum
    for (const name of NAMES) {
      const path = join(folder, `${name}.pt`)
      const error = (await open(path, readFileSync(path)).catch(
        (reason: unknown) => reason,
      )) as UnsupportedError
      expect(error).toBeInstanceOf(UnsupportedError)
      const [, code] = error.remedy!.split(/\n(?=import )/)
      writeFileSync(join(folder, `${name}.py`), code)
    }
    const all = `for name in ${JSON.stringify(NAMES)}: exec(open(name + ".py").read(), {"__name__": "__main__"})`
    execFileSync(python, ['-c', all], { cwd: folder, stdio: 'pipe' })
  })

  it.each(NAMES)('%s', async (name) => {
    const converted = join(folder, `${name}.safetensors`)
    expect(existsSync(converted)).toBe(true)
    const model = await open(converted, readFileSync(converted))
    expect(model.network.layers.map(({ type }) => type)).toEqual(['embedding', 'recurrent', 'dense'])
    const sum = [...model.weights.values()].flatMap((data) => [...data]).reduce((a, b) => a + b, 0)
    const wanted = name === 'tied' ? sum : total!
    expect(sum).toBeCloseTo(wanted, name === 'half' ? 1 : 4)
  })
})
