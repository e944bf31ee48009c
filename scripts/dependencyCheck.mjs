/**
 * The dependencies: every entry of the lock file is pinned by a hash and names no source besides npm's registry, the lock file
 * and the manifests agree, licences of what users install are allowed, and npm knows of no vulnerability there.
 *   node scripts/dependencyCheck.mjs [--json FILE]
 * Without a network the last check is skipped, and counted so.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isAllowed, licenceOf } from './packages/licences.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What is wrong with the entries of a lock file; none where all is well. */
export function lockFaults({ lockfileVersion, packages }) {
  const faults = lockfileVersion >= 2 ? [] : [`version ${lockfileVersion} of the lock file`]
  for (const [place, entry] of Object.entries(packages)) {
    if (!place.includes('node_modules/')) continue
    if (entry.link) {
      if (!/^packages\/\w+$/.test(entry.resolved)) faults.push(`${place}: a link to ${entry.resolved}`)
      continue
    }
    if (!/^sha512-[\w+/]{86}==$/.test(entry.integrity ?? '')) faults.push(`${place}: no SHA-512 hash`)
    if (entry.resolved !== undefined) faults.push(`${place}: from ${entry.resolved}`)
  }
  return faults
}

/** Packages that users install whose licence is not allowed. */
export function licenceFaults({ packages }) {
  return Object.entries(packages)
    .filter(([place, { dev, link }]) => place.includes('node_modules/') && !dev && !link)
    .map(([place, entry]) => [place, licenceOf({ ...entry, name: place.replace(/^.*node_modules\//, '') })])
    .filter(([, licence]) => !isAllowed(licence))
    .map(([place, licence]) => `${place}: ${licence}`)
}

const npm = (...args) => spawnSync('npm', args, { cwd: root, encoding: 'utf8' })

function auditFaults() {
  const { stdout } = npm('audit', '--omit=dev', '--json')
  let report
  try {
    report = JSON.parse(stdout)
  } catch {
    return null
  }
  // An error instead of a report: the registry is out of reach, or does not audit.
  if (!report.metadata) return null
  return Object.values(report.vulnerabilities).map(({ name, severity }) => `${name}: ${severity}`)
}

function main() {
  const { values } = parseArgs({ options: { json: { type: 'string' } } })
  const lock = (folder) => JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8'))
  const checks = {
    'lock file: hashes and registry': () => lockFaults(lock('.')),
    'lock file of bench: hashes and registry': () => lockFaults(lock('bench')),
    'lock file and manifests agree': () => {
      const { status, stderr } = npm('ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund')
      return status === 0 ? [] : [stderr]
    },
    'licences of what users install': () => licenceFaults(lock('.')),
    'npm audit': auditFaults,
  }
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [name, check] of Object.entries(checks)) {
    const faults = check()
    const outcome = faults === null ? 'skipped' : faults.length > 0 ? 'failed' : 'passed'
    counts[outcome]++
    console.log([`${outcome.padEnd(8)}${name}`, ...(faults ?? [])].join('\n  '))
  }
  if (values.json) writeFileSync(values.json, JSON.stringify(counts))
  process.exitCode = counts.failed > 0 ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
