/** Nothing from data reaches a terminal raw: hostile names, labels, texts and paths through every command. */
import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createColors, escapeText } from '../../src/terminal/escape.ts'
import { tableCell } from '../../src/terminal/tableCell.ts'
import { jsonLines, Workplace, type Ran } from '../cliHelpers.ts'

const ATTACKS = {
  'a title': '\u001b]0;owned\u0007',
  'a colour': '\u001b[31mred\u001b[0m',
  'a hidden line': '\u001b[2K\u001b[1A',
  'C1 control sequences': '\u009b31m\u0090q\u009c',
  'a carriage return': 'a\rb',
  backspaces: 'no\b\bok',
  delete: 'a\u007fb',
  'a right-to-left override': 'a\u202egnp.exe\u202c',
  isolates: '\u2066a\u2069\u2067b\u2069',
  marks: 'a\u200eb\u200fc\u061cd',
  'nothing to see': 'a\u200bb\u2060c\ufeffd\u00ade\u180ef\u3164g',
  tags: 'a\u{e0041}\u{e0042}',
  'many variants': 'a\ufe00\ufe01\ufe02',
  separators: 'a\u2028b\u2029c',
  'a joiner in Latin': 'ad\u200cmin',
}
// Written with other classes than the code has.
const RAW =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\u{e0000}-\u{e007f}]/u

describe('escaped text', () => {
  it.each(Object.entries(ATTACKS))('shows %s', (_, attack) => {
    const shown = escapeText(attack)
    expect(shown).not.toMatch(RAW)
    expect(shown).not.toBe(attack)
    expect(JSON.parse(`"${shown.replaceAll('"', '')}"`)).toBe(attack.replaceAll('"', ''))
  })

  it.each(['a\tb\n', 'é漢字ñ', '👨‍👩‍👧 ❤️ 🏳️‍🌈', 'می‌خواهم', 'क्‍ष', 'שלום', '葛\u{e0100}', '\u0600١'])(
    'leaves %j as it is',
    (text) => {
      expect(escapeText(text)).toBe(text)
    },
  )

  it('keeps our own styles, nested too, and no other', () => {
    const { bold, red } = createColors(true)
    expect(escapeText(bold(`a${red('b')}c`))).toBe('\u001b[1ma\u001b[31mb\u001b[39mc\u001b[22m')
    expect(escapeText(bold(`a${bold('b')}c`))).toBe('\u001b[1ma\u001b[1mb\u001b[22m\u001b[1mc\u001b[22m')
    expect(escapeText(bold('\u001b[31mb'))).toBe('\u001b[1m\\u001b[31mb\u001b[22m')
    expect(createColors(false).bold('a')).toBe('a')
  })
})

describe('a cell of a table', () => {
  it.each(['=1+1', '+cmd|x', '-2+3', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("x")', '--'])(
    '%j is no formula',
    (text) => {
      expect(tableCell(text)).toMatch(/^'/)
    },
  )

  it.each(['-0.5', '+1e-3', '.5', '-', '+', '=', 'a=b', '', '1-2'])('%j stays', (text) => {
    expect(tableCell(text)).toBe(text)
  })
})

describe('every command', () => {
  const place = new Workplace()
  const label = (name: string): string => `${ATTACKS['a colour']}${name}${ATTACKS.marks}`
  const column = `te${ATTACKS['a right-to-left override']}xt`
  const folder = `f${ATTACKS['a hidden line'].replaceAll('\r', '')}`
  const model = `${folder}/m\u009b1m.safetensors`
  const text = `so lovely ${Object.values(ATTACKS).join(' ')}`
  const all: Ran[] = []
  const latch = async (args: readonly string[], input?: string): Promise<Ran> => {
    const ran = await place.latch(args, { input })
    all.push(ran)
    return ran
  }

  beforeAll(async () => {
    mkdirSync(place.path(folder))
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`
    const rows = Array.from({ length: 40 }, (_, i) =>
      [i % 2 ? text : `awful ${i % 5}`, label(i % 2 ? 'good' : 'bad')].map(quoted).join(','),
    )
    place.write('d\u001b[8m.csv', `${[column, 'label'].map(quoted).join(',')}\n${rows.join('\n')}\n`)
  })
  afterAll(() => place.remove())

  it('prints no raw control or direction character', async () => {
    const data = ['d\u001b[8m.csv', '--text', column, '--label', 'label']
    const trained = await latch(['train', ...data, '--epochs', '2', '--units', '4', '--out', model])
    expect(trained).toMatchObject({ code: 0 })
    await latch(['evaluate', model, ...data])
    await latch(['evaluate', model, ...data, '--json'])
    const predicted = await latch(['predict', model, text, '=1+1'])
    expect(predicted.stdout).toContain("\t'=1+1")
    const asJson = await latch(['predict', model, '--json'], `${text.replaceAll('\r', '')}\n`)
    expect(jsonLines(asJson)[0].label).toContain('\u001b[31m')
    await latch(['info', model])
    await latch(['info', model, '--json'])
    await latch(['inspect', model, text])
    await latch(['inspect', model, text, '--json'])
    await latch(['inspect', model, text, '--html', `${folder}/r.html`, '--svg', `${folder}/s.svg`])
    await latch(['export', model, '--to', 'onnx', '--out', `${folder}/e\u202e.onnx`])
    await latch(['import', `${folder}/e\u202e.onnx`, '--out', `${folder}/i\u009d.safetensors`])
    expect(all.filter(({ code }) => code !== 0)).toEqual([])
    await latch(['predict', `no ${text}`, 'a'])
    await latch(['train', 'd\u001b[8m.csv', '--text', `c${text}`])
    await latch(['train', `--${text}`])
    await latch([text])
    await latch(['evaluate', model, ...data, '--delimiter', text])
    for (const { stdout, stderr } of all) {
      expect(stdout).not.toMatch(RAW)
      expect(stderr).not.toMatch(RAW)
    }
    expect(all).toHaveLength(17)
  }, 60_000)

  it('shows tensor names of a foreign file', async () => {
    const name = `w${text}`
    const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }))
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(header.length))
    place.write('t.safetensors', Buffer.concat([size, header, Buffer.alloc(4)]))
    for (const args of [[], ['--json']]) {
      const { stdout, stderr } = await latch(['info', 't.safetensors', ...args])
      expect(stdout).toContain('lovely')
      expect(stdout + stderr).not.toMatch(RAW)
    }
  })
})
