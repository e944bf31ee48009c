/** `latch completion`: the script of bash is run as bash runs it; those of the others name every command and option. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workplace } from './cliHelpers.ts'

const place = new Workplace()
const scripts = new Map<string, string>()
const hasBash = spawnSync('bash', ['-c', 'type complete']).status === 0

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await place.latch(['completion', shell])
    expect(code).toBe(0)
    scripts.set(shell, stdout)
  }
  writeFileSync(place.path('latch.bash'), scripts.get('bash')!)
})
afterAll(() => place.remove())

/** What bash offers for the last word. */
function offered(...words: string[]): string[] {
  const line = ['latch', ...words]
  const quoted = line.map((word) => `'${word}'`).join(' ')
  const script = `source ./latch.bash; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _latch; printf '%s\\n' "\${COMPREPLY[@]}"`
  const said = execFileSync('bash', ['--norc', '-c', script], { cwd: place.folder, encoding: 'utf8' })
  return said.split('\n').filter((word) => word !== '')
}

describe.skipIf(!hasBash)('bash', () => {
  it('offers commands', () => {
    expect(offered('tr')).toEqual(['train'])
    expect(offered('')).toEqual(
      expect.arrayContaining(['train', 'predict', 'completion', 'help', '--help', '--version']),
    )
    expect(offered('help', 'ev')).toEqual(['evaluate'])
  })

  it('offers the options of the command', () => {
    expect(offered('train', 'data.csv', '--plo')).toEqual(['--plot'])
    expect(offered('train', 'data.csv', '--zon')).toEqual(['--zoneout'])
    expect(offered('predict', '--plo')).toEqual([])
    expect(offered('predict', '--to')).toEqual(['--top'])
    expect(offered('info', '--h')).toEqual(['--help'])
  })

  it('offers the values of options that have a list', () => {
    expect(offered('train', 'data.csv', '--cell', '').sort()).toEqual(['ann', 'bag', 'gru', 'lstm', 'rnn'])
    expect(offered('train', '--tokens', 'ch')).toEqual(['chars'])
    expect(offered('predict', '--header', '')).toEqual(['yes', 'no'])
    expect(offered('completion', 'f')).toEqual(['fish'])
  })

  it('leaves files to bash', () => {
    for (const words of [
      ['train', ''],
      ['train', 'data.csv', '--out', '--'],
      ['predict', 'm'],
    ])
      expect(offered(...words)).toEqual([])
    expect(scripts.get('bash')).toMatch(/^complete -o default -F _latch latch$/m)
  })
})

describe('every script', () => {
  it.each(['bash', 'zsh', 'fish'])('%s names each command with its options', async (shell) => {
    const { stdout: help } = await place.latch(['--help'])
    const commands = [...help.matchAll(/^ {2}([a-z]+) (?:\[options\]|<)/gm)].map(([, name]) => name)
    expect(commands.length).toBeGreaterThanOrEqual(10)
    const script = scripts.get(shell)!
    for (const command of commands) {
      const { stdout } = await place.latch([command, '--help'])
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, name]) => name)
      expect(options.length).toBeGreaterThan(0)
      const own = script
        .split('\n')
        .filter((line) => line.includes(command))
        .join('\n')
      expect(own).not.toBe('')
      const missing = options.filter((option) => !new RegExp(`(--|-l )${option}\\b`).test(script))
      expect(missing).toEqual([])
    }
  })

  it('has balanced quotes', () => {
    const quotes = [...scripts].map(([shell, script]) => {
      const plain =
        shell === 'fish' ? script.replaceAll(/\\[\\']/g, '') : script.replaceAll(String.raw`'\''`, '')
      return plain.split('\n').filter((line) => line.split("'").length % 2 === 0)
    })
    expect(quotes).toEqual([[], [], []])
  })
})

it('refuses another shell', async () => {
  const { code, stdout, stderr } = await place.latch(['completion', 'tcsh'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('expected one of bash, zsh, fish, got "tcsh"')
})
