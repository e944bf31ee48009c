/**
 * Builds what npm packs of a clone: `npm install git+…` runs it there as the script `prepare`. In a workspace of one's own
 * npm runs `prepare` with every install, where nothing is built: `node scripts/setup.mjs` does that.
 */
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)))
// The project that npm installs into.
const project = process.env.npm_config_local_prefix
if (!project || realpathSync(project) !== root) {
  const setup = fileURLToPath(new URL('setup.mjs', import.meta.url))
  const { status } = spawnSync(process.execPath, [setup, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
