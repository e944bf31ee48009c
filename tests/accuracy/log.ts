/** Measured figures go to standard output, so that a passing run shows them too. */
export function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}
