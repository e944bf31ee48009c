/**
 * Trains the lessons' models and writes their files: `node dist/demo/lessons/train.js FOLDER [NAME …]`.
 * Run measure.ts afterwards.
 */
import { writeFileAtomic } from 'latch'
import { MODEL_NAMES, trainNamed } from './models.ts'

async function main(folder: string | undefined, names: string[]): Promise<void> {
  const wrong = names.find((name) => !(MODEL_NAMES as string[]).includes(name))
  if (folder === undefined || wrong !== undefined) {
    console.error(`node dist/demo/lessons/train.js FOLDER [${MODEL_NAMES.join(' | ')} …]`)
    process.exitCode = 2
    return
  }
  for (const name of (names.length ? names : MODEL_NAMES) as typeof MODEL_NAMES) {
    console.log(name)
    const { model, report } = await trainNamed(name, console.log)
    const bytes = model.toBytes()
    await writeFileAtomic(`${folder}/${name}.safetensors`, bytes)
    console.log(`  ${model.parameterCount} numbers, ${bytes.length} bytes, ${report.seconds.toFixed(1)} s`)
    model.dispose()
  }
}

await main(process.argv[2], process.argv.slice(3))
