/** A sample of `scripts/killCheck.mjs`: killed while saving, each file is an old or a new one, whole, and a run resumes. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const script = join(import.meta.dirname, '..', '..', '..', 'scripts', 'killCheck.mjs')

it('killed at ten random moments while saving models, exports and checkpoints', () => {
  const args = [script, '--kills', '10', '--seed', '8']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toMatch(
    /^10 kills, seed 8\nsavers: 6 kills, 0 failures\ntraining: 4 kills in \d+ runs, 0 failures\n$/,
  )
  expect(status).toBe(0)
})
