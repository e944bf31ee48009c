/** Tables as text: CSV, TSV, JSON Lines and JSON with rows, quotes, keys, bytes and lengths that no program means. */
import { gzipSync } from 'node:zlib'
import { changedTree, toText } from './draw.mjs'

const CELLS = [
  'good',
  'bad',
  '',
  ' ',
  '"',
  '""',
  'a "b" c',
  'a,b',
  'a;b',
  '\t',
  '1e999',
  'NaN',
  'null',
  '=1+1',
  '\u0000',
  '\u2028',
  '\ufeff',
  '\ud800',
  'é',
  '你好',
  '😀',
  '\\',
  "'",
  '{',
  '[',
  '//',
  '-',
]
const ENDS = ['\n', '\r\n', '\r', '\n\n', '']

/** `{ bytes, options }` of a table. */
export function madeTable(draw) {
  const kind = draw.pick(['csv', 'csv', 'jsonl', 'json', 'long', 'wide', 'quotes', 'blank', 'records'])
  draw.say(kind)
  const text = TEXTS[kind](draw)
  const options = {
    ...(draw.chance(0.3) && { format: draw.pick(['csv', 'tsv', 'jsonl', 'json']) }),
    ...(draw.chance(0.2) && { header: draw.chance(0.5) }),
    ...(draw.chance(0.2) && { quotes: draw.chance(0.5) }),
    ...(draw.chance(0.2) && { delimiter: draw.pick([',', ';', '\t', '|', '"', '\n', 'ab', '']) }),
    ...(draw.chance(0.1) && {
      encoding: draw.pick(['utf-8', 'utf-16le', 'utf-32', 'gbk', 'shift_jis', 'x']),
    }),
  }
  return { bytes: encoded(draw, text), options }
}

const TEXTS = {
  csv(draw) {
    const delimiter = draw.pick([',', ';', '\t', '|'])
    const columns = draw.pick([1, 2, 2, 3, 40])
    const rows = Array.from({ length: draw.pick([0, 1, 2, 5, 60]) }, () => {
      const cells = Array.from({ length: draw.chance(0.9) ? columns : draw.below(9) }, () => draw.pick(CELLS))
      return (
        cells.map((cell) => (draw.chance(0.2) ? `"${cell}"` : cell)).join(delimiter) +
        draw.pick([...ENDS, '\n', '\n', '\n'])
      )
    })
    return (draw.chance(0.5) ? `text${delimiter}label\n` : '') + rows.join('')
  },
  jsonl(draw) {
    const row = { text: 'good day', label: 'p', n: 1, tags: ['a', { b: null }] }
    const rows = Array.from({ length: 1 + draw.below(30) }, () =>
      toText(draw.chance(0.5) ? changedTree(draw, row) : row),
    )
    draw.said.splice(3)
    return rows.join(draw.pick(['\n', '\n', '\r\n', '', ' ', '\n\n']))
  },
  json(draw) {
    const rows = Array.from({ length: 1 + draw.below(30) }, (_, i) => ({
      text: `day ${i}`,
      label: i % 2 ? 'p' : 'n',
    }))
    return toText(changedTree(draw, draw.chance(0.5) ? rows : { rows }))
  },
  long: (draw) =>
    draw
      .pick(['a', 'a ', '"', '"a', ',', '{', '[', '{"', '\\', 'é', '\t', '""', 'a""b', '\u0000'])
      .repeat(draw.pick([10, 1000, 70_000, 150_000])) + draw.pick(['', '\n', ',a\nhello,b\n']),
  wide(draw) {
    const count = draw.pick([300, 5000, 20_000])
    const line = (cell) =>
      `${Array.from({ length: count }, (_, i) => (typeof cell === 'string' ? cell : cell(i))).join(',')}\n`
    return line(draw.chance(0.5) ? 'c' : (i) => `c${i}`) + line('x').repeat(draw.below(3))
  },
  quotes(draw) {
    const rows = Array.from(
      { length: draw.pick([3, 300, 6000]) },
      (_, i) => `"text ${i}${draw.pick(['"', '"', '"', '', '""', '"x'])},p`,
    )
    return `text,label\n${rows.join('\n')}`
  },
  blank: (draw) =>
    draw
      .pick(['\n', '\r\n', ' \n', '\t\n', ',\n', '\u0000', '\ufeff', '{}\n', '[]\n', 'null\n'])
      .repeat(draw.pick([1, 1000, 60_000])) + 'text,label\na,b\n',
  records(draw) {
    // Every line has keys of its own.
    const count = draw.pick([3, 300, 6000])
    return Array.from({ length: count }, (_, i) => `{"k${i}":${i},"text":"t","label":"p"}`).join('\n')
  },
}

/** In any encoding, damaged or compressed. */
function encoded(draw, text) {
  const bytes = Buffer.from(text)
  const kinds = {
    plain: () => bytes,
    bom: () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
    utf16: () => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
    odd: () => Buffer.concat([Buffer.from([0xfe, 0xff]), bytes, Buffer.from([0])]),
    utf32: () => Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), bytes]),
    latin: () => Buffer.from(text, 'latin1'),
    broken: () => Buffer.concat([bytes, Buffer.from([0xc3, 0x28, 0xff, 0xf0, 0x9f])]),
    gzip: () => gzipSync(bytes),
    cut: () => gzipSync(bytes).subarray(0, -5),
    after: () =>
      Buffer.concat([gzipSync(bytes), draw.pick([Buffer.from('more'), gzipSync(bytes), Buffer.alloc(600)])]),
    twice: () => gzipSync(gzipSync(bytes)),
    bomb: () =>
      gzipSync(
        Buffer.concat([
          bytes,
          Buffer.alloc(draw.pick([2 ** 16, 2 ** 22]), draw.pick(['\n', 'a', ',', '\u0000'])),
        ]),
      ),
  }
  const kind = draw.chance(0.5) ? 'plain' : draw.pick(Object.keys(kinds))
  draw.say(kind)
  return new Uint8Array(kinds[kind]())
}
