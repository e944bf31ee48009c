/**
 * Builds what npm packs of a clone: `npm install git+…` runs it there as the script `prepare`. With every install in the
 * workspace itself npm runs `prepare`, too, where it builds nothing: `node scripts/setup.mjs` does that.
 */
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)))
// The project that npm installs into.
const project = process.env.npm_config_local_prefix
if (!project || realpathSync(project) !== root) {
  const setup = fileURLToPath(new URL('../setup.mjs', import.meta.url))
  const { status } = spawnSync(process.execPath, [setup, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
