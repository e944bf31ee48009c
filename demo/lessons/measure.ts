/**
 * Measures the lessons' models: `node dist/demo/lessons/measure.js MODELS MEASURED.json [--trainings]`.
 * With `--trainings` it also repeats the measurements that need further trainings (five minutes); otherwise their earlier
 * results in the file are kept.
 */
import { existsSync, readFileSync } from 'node:fs'
import { writeFileAtomic } from 'latch'
import { measure, measureTrainings } from './measurements.ts'
import { rounded } from './spread.ts'

async function main(folder?: string, path?: string, flag?: string): Promise<void> {
  if (folder === undefined || path === undefined) {
    console.error('node dist/demo/lessons/measure.js MODELS MEASURED.json [--trainings]')
    process.exitCode = 2
    return
  }
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const trainings = flag === '--trainings' ? await measureTrainings(console.log) : (before.trainings ?? null)
  const found = rounded(await measure(folder, trainings))
  await writeFileAtomic(path, new TextEncoder().encode(`${JSON.stringify(found)}\n`))
}

await main(...process.argv.slice(2))
