/** All suites in one table: how many cases agree, by how much at worst, and each that does not, why. */
import type { ConformanceResult } from './result.ts'
import { userCasesSection } from './userCases.ts'

/** What a suite comes with besides its results. */
export interface Suite {
  title: string
  /** Where its numbers come from. */
  source: string
  /** What counts as equal. */
  tolerance: string
  results: readonly ConformanceResult[]
  /** Cases that must be refused, by name. */
  refusals?: readonly string[]
}

/** Whether a case came out as it should. */
export function asItShould({ refusals = [] }: Suite, { name, status }: ConformanceResult): boolean {
  return status === (refusals.includes(name) ? 'refused' : 'equal')
}

/** The page docs/conformance.md. */
export function conformancePage(suites: readonly Suite[]): string {
  const rows = suites.map((suite) => {
    const { title, results, tolerance } = suite
    const passed = results.filter((one) => asItShould(suite, one)).length
    const refused = results.filter(({ status }) => status === 'refused').length
    const worst = Math.max(0, ...results.flatMap((one) => (one.worst === null ? [] : [one.worst])))
    return `| ${title} | ${results.length} | ${passed} | ${refused || ''} | ${tolerance} | ${upTo(worst)} |`
  })
  return `# Conformance

Numbers that others made, and what Latch computes from the same inputs and weights, opened by its own readers. This page is
written by the test run (\`npx vitest run tests/conformanceTable.test.ts\`), from the files that lie in \`../shared\` beside the
clone. A case passes if every number is equal within the tolerance (absolute, relative where numbers are above 1), or if it
must be refused and is.

| suite | cases | pass | refused | tolerance | largest difference |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

${suites.map(section).join('\n\n')}

${userCasesSection()}
`
}

function section(suite: Suite): string {
  const { title, source, results } = suite
  const failures = results.filter((one) => !asItShould(suite, one))
  const failed = failures.map(
    ({ name, why, worst }) => `- \`${name}\` does not: ${why || `off by ${worst?.toExponential(1)}`}`,
  )
  const refused = results.filter((one) => asItShould(suite, one) && one.status === 'refused')
  const reported = results.filter((one) => asItShould(suite, one) && one.status === 'equal' && one.why)
  const lines = [
    ...failed,
    ...refused.map(({ name, why }) => `- \`${name}\` is refused, as it must be: ${why}`),
    ...grouped(reported).map(([why, names]) => `- ${names.map((name) => `\`${name}\``).join(', ')}: ${why}`),
  ]
  return [`## ${title}`, '', source, ...(lines.length ? ['', ...lines] : [])].join('\n')
}

function grouped(results: readonly ConformanceResult[]): [string, string[]][] {
  const groups = new Map<string, string[]>()
  for (const { name, why } of results) groups.set(why, [...(groups.get(why) ?? []), name])
  return [...groups]
}

/** The next power of ten: the same on every engine. */
function upTo(worst: number): string {
  return worst === 0 ? '0' : `below 1e${Math.floor(Math.log10(worst)) + 1}`
}
