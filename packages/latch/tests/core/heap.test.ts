/** Tables that the heap of V8 cannot hold end in a MemoryError with what is needed, not with the process. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { MemoryError } from '../../src/core/errors.ts'
import { checkHeap } from '../../src/core/heapNode.ts'
import { root } from '../../../../tests/architecture/tree.ts'

const LONG = 'and some more of them '.repeat(90)
const folder = mkdtempSync(join(tmpdir(), 'latch-heap-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('what a table keeps is compared with the heap', () => {
  const kept = { rows: 1_000_000, cells: 2_000_000, characters: 100_000_000 }
  checkHeap(kept, 't.csv', 2 ** 30)
  expect(() => checkHeap(kept, 't.csv', 2 ** 28)).toThrow(MemoryError)
  expect(() => checkHeap(kept, 't.csv', 2 ** 28)).toThrow(
    't.csv: expected a JavaScript heap of more than 405 MiB for its first 1,000,000 rows, got 256 MiB. ' +
      'Set NODE_OPTIONS=--max-old-space-size=1024 (MiB), or read fewer rows or columns.',
  )
})

it.each([
  ['csv', 'text,label\n', (i: number) => `word${i} ${LONG},${i % 2}\n`],
  ['jsonl', '', (i: number) => `{"text":"word${i} ${LONG}","label":"${i % 2}"}\n`],
])(
  'a process with a small heap says so: %s',
  (ending, head, line) => {
    const file = join(folder, `large.${ending}`)
    const lines = Array.from({ length: 1000 }, (_, i) => line(i)).join('')
    writeFileSync(file, head + lines.repeat(34))
    const tables = join(root, 'packages/latch/dist/tablesNode.js')
    const program = `import(${JSON.stringify(tables)}).then((t) => t.readExamples(${JSON.stringify(file)}, { text: 'text', label: 'label' })).catch((e) => console.log(e.name + ' ' + e.message))`
    const { stdout, status } = spawnSync(process.execPath, ['--max-old-space-size=72', '-e', program], {
      encoding: 'utf8',
    })
    expect(stdout).toMatch(/^MemoryError large\.\w+: expected a JavaScript heap of more than \d+ MiB/)
    expect(status).toBe(0)
  },
  60_000,
)
