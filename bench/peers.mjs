// Which peers there are: installs those of package.json on first use and looks for PyTorch.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { blasOf, blasRefusal, TORCH_REPORT } from './blas.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** The peers that npm installs, by package name. */
export const packages = Object.keys(JSON.parse(readFileSync(here('package.json'), 'utf8')).dependencies)

/**
 * Installs bench/node_modules where it is missing or its lock file changed; without install scripts, which
 * would fetch what these benchmarks do not need. A registry out of reach is reported, not thrown.
 */
export function installPeers(log) {
  const lock = readFileSync(here('package-lock.json'), 'utf8')
  const stamp = here('node_modules/.latch-bench')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  log('installing the peers into bench/node_modules, once (npm ci, about 750 MB) …')
  const args = [
    'ci',
    '--prefix',
    here('.'),
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const npm = process.env.npm_execpath
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' }
  const shell = process.platform === 'win32' && command === 'npm'
  const { status, stderr, error } = spawnSync(command, [...first, ...args], { env, shell, encoding: 'utf8' })
  if (status === 0) writeFileSync(stamp, lock)
  else log(`the peers cannot be installed: ${(stderr || String(error)).trim().split('\n')[0]}`)
}

/** The version of an installed peer, or null. */
export function versionOf(name) {
  const file = here(`node_modules/${name}/package.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null
}

/** A Python that can import torch, with the version and its BLAS, or null; `absent(name, why)` gets the reason. */
export function findTorch(absent) {
  for (const python of [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean)) {
    const found = spawnSync(python, ['-c', TORCH_REPORT], { encoding: 'utf8' })
    if (found.status !== 0) continue
    const report = JSON.parse(found.stdout.trim().split('\n').at(-1))
    const blas = blasOf(report)
    const refusal = blasRefusal(blas)
    if (!refusal) return { python, version: report.version, blas }
    absent('PyTorch', refusal)
    return null
  }
  absent('PyTorch', 'no python3 with torch')
  return null
}

/** What the figures were taken on and with. */
export function machine(torch) {
  const peers = Object.fromEntries(packages.map((name) => [name, versionOf(name)]))
  const { model } = cpus()[0]
  return {
    cpu: model,
    cores: cpus().length,
    node: process.version,
    commit: commit(),
    torch: torch && `${torch.version}, ${torch.blas}`,
    peers,
  }
}

/** The short name of the commit; a star behind it where the checkout has changes. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: here('.'), encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '*'
    return git('rev-parse', '--short', 'HEAD') + changed
  } catch {
    return 'unknown'
  }
}
