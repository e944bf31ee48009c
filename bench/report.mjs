// The report: every time measured, then every bar with what was got; as text, Markdown or JSON Lines.
import { judgeBars, ourEngine } from './bars.mjs'
import { ratioOf, summary } from './rows.mjs'
import { sizesOf, workloads } from './workloads.mjs'

const TIMES = [
  'workload',
  'engine',
  'threads',
  'median',
  'p10',
  'min',
  'samples',
  '× Latch (range over rounds)',
]
const BARS = ['workload', 'threads', 'against', 'Latch', 'theirs', 'got', '(range)', 'at least', 'aim', 'ok']

/** JSON Lines: { kind: 'machine' | 'time' | 'failure' | 'bar', … }, times in milliseconds. */
export function jsonLines(rows, machine) {
  const times = rows.all.map(({ rounds, ...row }) => ({ kind: 'time', ...row, ...summary({ rounds }) }))
  const failures = rows.failures.map((failure) => ({ kind: 'failure', ...failure }))
  const bars = judgeBars(rows).map((bar) => ({ kind: 'bar', ...bar }))
  return [{ kind: 'machine', ...machine }, ...times, ...failures, ...bars].map((line) => JSON.stringify(line))
}

/** Times, what could not run, and the bars, in columns. */
export function textReport(rows, machine) {
  return [timesText(rows), '', ...table(BARS, barCells(rows)), '', machineWords(machine)].join('\n')
}

/** As `textReport`, as Markdown; the bars first. */
export function markdownReport(rows, machine) {
  const parts = [grid(BARS, barCells(rows)), [''], grid(TIMES, timeCells(rows)), ['', machineWords(machine)]]
  return parts.flat().join('\n')
}

/** Without the bars. */
export function timesReport(rows, machine, markdown) {
  const body = markdown ? grid(TIMES, timeCells(rows)).join('\n') : timesText(rows)
  return [body, '', machineWords(machine)].join('\n')
}

function timesText(rows) {
  return [
    '',
    ...table(TIMES, timeCells(rows)),
    '',
    `Medians over all samples. "× Latch" sets the medians of one round against ${ourEngine(rows)} with as many threads;`,
    'above 1 Latch is faster.',
    ...(rows.failures.length > 0 ? ['', 'Not run:', ...failureLines(rows.failures)] : []),
  ].join('\n')
}

/** One line an engine and reason, with the workloads it holds for. */
function failureLines(failures) {
  const lines = new Map()
  for (const { engine, threads, workload, why } of failures) {
    const key = `  ${engine}, ${threads}: ${why}`
    lines.set(key, [...(lines.get(key) ?? []), workload])
  }
  return [...lines].map(([line, names]) => `${line} (${names.join(', ')})`)
}

/** A Markdown table. */
export function grid(head, body) {
  const row = (cells) => `| ${cells.join(' | ')} |`
  return [row(head), row(head.map(() => '---')), ...body.map(row)]
}

function timeCells(rows) {
  const latch = ourEngine(rows)
  return Object.entries(workloads).flatMap(([name, size]) =>
    rows
      .find(name, () => true)
      .map((row) => {
        const { medianMs, p10Ms, minMs, samples } = summary(row)
        const [ours] = rows.find(name, ({ engine, threads }) => engine === latch && threads === row.threads)
        const ratio = ours && ours !== row ? ratioOf(ours, row) : null
        const title = `${name} ${size.what} (${sizesOf(size)})`
        const engine = row.mode ? `${row.engine} (${row.mode})` : row.engine
        const times = [medianMs, p10Ms, minMs].map((ms) => time(ms, size.unit))
        return [
          title,
          engine,
          row.threads,
          ...times,
          samples,
          ratio ? `${short(ratio.ratio)} ${range(ratio)}` : '',
        ]
      }),
  )
}

function barCells(rows) {
  return judgeBars(rows).map(
    ({ workload, threads, against, by, oursMs, theirsMs, got, least, aim, less, ok }) => {
      const { unit } = workloads[workload]
      const goal = (x) => (less ? `≤ ${x}` : String(x))
      const whom = by && /best/.test(against) ? `${against}: ${by}` : against
      const times = [oursMs, theirsMs].map((ms) => (ms === undefined ? '–' : time(ms, unit)))
      return [
        workload,
        threads,
        whom,
        ...times,
        got ? short(got.ratio) : '–',
        got ? range(got) : '',
        goal(least),
        goal(aim),
        ok,
      ]
    },
  )
}

/** Columns as wide as their widest cell; a workload is named once. */
export function table(head, body) {
  const cells = [head, ...body].map((line) => line.map(String))
  const widths = head.map((_, i) => Math.max(...cells.map((line) => line[i].length)))
  const numeric = head.map(
    (_, i) => i > 0 && body.every((line) => /^[≤<]?[\d.–\s]*( ?(ms|µs))?$/.test(String(line[i]))),
  )
  const lines = cells.map((line, row) =>
    line
      .map((cell, i) => {
        const shown = i === 0 && row > 1 && cells[row - 1][0] === cell ? '' : cell
        return numeric[i] ? shown.padStart(widths[i]) : shown.padEnd(widths[i])
      })
      .join('  ')
      .trimEnd(),
  )
  return [lines[0], widths.map((n) => '─'.repeat(n)).join('  '), ...lines.slice(1)]
}

export function machineWords({ cpu, cores, node, commit, torch, peers, browser }) {
  const others = Object.entries(peers).map(([name, version]) => `${name} ${version ?? 'absent'}`)
  return `${cpu}, ${cores} cores; ${browser ?? `Node ${node}`}; Latch ${commit}; ${browser ? '' : `PyTorch ${torch ?? 'absent'}; `}${others.join(', ')}`
}

function time(ms, unit) {
  return unit === 'µs' ? `${short(ms * 1000)} µs` : `${short(ms)} ms`
}

function range({ low, high, rounds }) {
  return rounds > 1 ? `(${short(low)}–${short(high)})` : '(one round)'
}

/** Three figures. */
export function short(x) {
  if (x >= 100) return x.toFixed(0)
  return x >= 10 ? x.toFixed(1) : x.toFixed(2)
}
