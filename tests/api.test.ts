/** The public API against its report in docs/api: a change of the surface shows in the diff. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

test('the public API is the one in docs/api (refresh it with `npm run api`)', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['scripts/apiReport.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stdout + stderr).toBe('')
  expect(status).toBe(0)
})
