/** Measured figures go to standard output, so that a passing run shows them too. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
