/** The checks of dependencies find what they are for. */
import { expect, test } from 'vitest'
import { isAllowed, licenceOf } from '../scripts/packages/licences.mjs'
import { licenceFaults, lockFaults } from '../scripts/dependencyCheck.mjs'

const integrity = `sha512-${'a'.repeat(86)}==`
const lock = (packages: Record<string, object>) => ({ lockfileVersion: 3, packages })

test('an entry of the lock file has a hash and names no other source', () => {
  const sound = {
    '': {},
    'packages/latch': {},
    'node_modules/latch': { link: true, resolved: 'packages/latch' },
    'node_modules/a': { integrity },
  }
  expect(lockFaults(lock(sound))).toEqual([])
  const unsound = {
    'node_modules/c': {},
    'node_modules/d': { integrity: 'sha1-abc=' },
    'node_modules/e': { integrity, resolved: 'https://example.org/e.tgz' },
    'node_modules/f': { integrity, resolved: 'git+ssh://git@example.org/f.git#1' },
    'node_modules/g': { link: true, resolved: '../elsewhere' },
  }
  expect(lockFaults(lock(unsound)).map((fault) => fault.split(':')[0])).toEqual(Object.keys(unsound))
})

test('users install allowed licences alone', () => {
  const packages = {
    'node_modules/a': { license: 'MIT' },
    'node_modules/b': { license: 'GPL-3.0', dev: true },
    'node_modules/c': { license: 'AGPL-3.0' },
    'node_modules/d': {},
    'node_modules/e': { license: '(GPL-2.0 OR MIT)' },
    'node_modules/f': { license: 'MIT AND GPL-2.0' },
  }
  expect(licenceFaults(lock(packages))).toEqual([
    'node_modules/c: AGPL-3.0',
    'node_modules/d: none',
    'node_modules/f: MIT AND GPL-2.0',
  ])
  expect(licenceOf({ name: 'a', licenses: [{ type: 'MIT' }] })).toBe('MIT')
  expect(isAllowed('UNLICENSED')).toBe(false)
})
