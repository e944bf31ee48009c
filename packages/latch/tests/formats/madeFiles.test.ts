/** A sample of `scripts/fuzz.mjs --made`: files of each format with the right form and wrong contents. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const script = join(import.meta.dirname, '..', '..', '..', '..', 'scripts', 'fuzz.mjs')

it('readers answer or refuse made-up files, in proportion to their size', () => {
  const args = [script, '--made', '--count', '25', '--seed', '4']
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stdout).toContain('fuzz: 11 readers passed, 0 failed, 0 skipped')
  expect(stdout.match(/: 25 files made with seed 4, \d+ read, \d+ refused, 0 failures/g)).toHaveLength(11)
  expect(status).toBe(0)
})
