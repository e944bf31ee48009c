/**
 * The studio's models come from their recipes: trained again, the files are the same to the byte.
 * Two minutes on one core.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MODEL_NAMES, trainNamed } from '../../demo/lessons/models.ts'
import { print } from './log.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test.each(MODEL_NAMES)('%s', async (name) => {
  const { model, report } = await trainNamed(name)
  const hash = sha256(model.toBytes())
  model.dispose()
  print(`lesson model  ${name}  ${report.seconds.toFixed(1)} s  ${hash.slice(0, 16)}`)
  const file = new URL(`../../packages/studio/public/models/${name}.safetensors`, import.meta.url)
  expect(hash).toBe(sha256(readFileSync(file)))
})
