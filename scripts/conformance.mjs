/** Writes docs/conformance.md from the results of all conformance suites; the tests only compare it. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', 'packages/latch/tests/formats/conformanceTable.test.ts'],
  {
    cwd: root,
    env: { ...process.env, GOLDEN: 'write' },
    stdio: 'inherit',
  },
)
process.exitCode = status ?? 1
