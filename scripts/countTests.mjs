/** Prints `passed failed skipped` of a report: vitest's JSON, or an object with those three fields. */
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
if ('passed' in report) {
  console.log(report.passed, report.failed, report.skipped)
} else {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numFailedTestSuites } = report
  // A file that does not even load has no failed test, only a failed suite.
  const brokenFiles = report.testResults.filter(
    (f) => f.status === 'failed' && f.assertionResults.length === 0,
  )
  const failed = numFailedTests + brokenFiles.length || (numFailedTestSuites > 0 && !report.success ? 1 : 0)
  console.log(numPassedTests, failed, numPendingTests + numTodoTests)
}
