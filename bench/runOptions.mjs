// What the three benchmarks share: numbers of the command line, and where raw rows go.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A number above 0; whole, but for seconds. @throws Error naming the option */
export function above(name, text) {
  const value = Number(text)
  const fraction = name === '--seconds' || name === '--target'
  if (value > 0 && (fraction || Number.isInteger(value))) return value
  throw new Error(`${name}: expected ${fraction ? 'a number' : 'whole numbers'} above 0, got ${text}`)
}

/** Writes bench/results/<time>-<commit>[-name].json, one line a row and round; returns a line to print. */
export function keepRaw(name, rows, head) {
  const lines = rows.all.flatMap(({ rounds, ...row }) => rounds.map((one) => ({ ...row, ...one })))
  return keepLines(name, lines, { ...head, failures: rows.failures })
}

/** As `keepRaw`, for lines of any form. */
export function keepLines(name, lines, head) {
  const folder = fileURLToPath(new URL('results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const time = new Date().toISOString().slice(0, 16).replace(':', '')
  const commit = head.machine.commit.replace('*', '-changed')
  const file = [time, commit, ...(name ? [name] : [])].join('-')
  const command = ['node', process.argv[1].split(/[/\\]/).at(-1), ...process.argv.slice(2)].join(' ')
  const body = lines.map((line) => JSON.stringify(line)).join(',\n')
  writeFileSync(
    `${folder}${file}.json`,
    `{\n"head": ${JSON.stringify({ command, ...head })},\n"rows": [\n${body}\n]\n}\n`,
  )
  return `raw rows: bench/results/${file}.json`
}
