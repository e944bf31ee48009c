/** An export of several files over an old one: at each moment the folder holds the old or the new one, whole. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { importFile, ownShards, writeExport } from '../../src/formatsNode.ts'
import type { ExportedFile } from '../../src/formats/imported.ts'
import { exporters } from '../../src/formats/write.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { nextLetter } from '../tasks/sequenceModel/sequenceFixtures.ts'

const temporary = mkdtempSync(join(tmpdir(), 'latch-folders-'))
afterAll(() => rmSync(temporary, { recursive: true }))
let folder: string
beforeEach(() => void (folder = join(mkdtempSync(join(temporary, 'case-')), 'web')))

/** The same network with all weights times `scale`. */
function scaled(scale: number): SequenceModel {
  const imported = nextLetter()
  const weights = new Map([...imported.weights].map(([name, data]) => [name, data.map((v) => v * scale)]))
  return SequenceModel.fromImported({ ...imported, weights })
}
const write = async (scale: number) => writeExport(await scaled(scale).exportTo(exporters.tfjs), folder)
const weightsIn = async () =>
  (await importFile(folder)).network.parameters.map((p) => p.name).join() &&
  readFileSync(join(folder, (await ownShards(readFileSync(join(folder, 'model.json'))))[0]))

describe('an export over an old one', () => {
  it('writes the weights beside the old ones, then deletes those', async () => {
    await write(1)
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'weights.bin'])
    writeFileSync(join(folder, 'weights-7.bin'), 'mine')
    const written = await write(2)
    expect(written.map(({ path }) => path)).toEqual([
      join(folder, 'weights-2.bin'),
      join(folder, 'model.json'),
    ])
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'weights-2.bin', 'weights-7.bin'])
    await write(3)
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'weights-7.bin', 'weights.bin'])
    expect(readFileSync(join(folder, 'weights-7.bin'), 'utf8')).toBe('mine')
  })

  it('that fails between its files leaves the old one whole', async () => {
    await write(1)
    const old = await weightsIn()
    const files = await scaled(2).exportTo(exporters.tfjs)
    const failing = files.map((file): ExportedFile =>
      file.name === 'model.json'
        ? {
            ...file,
            chunksNaming: () => {
              throw new Error('stopped here')
            },
          }
        : file,
    )
    await expect(writeExport(failing, folder)).rejects.toThrow('stopped here')
    expect(await weightsIn()).toEqual(old)
    await write(2)
    expect(await weightsIn()).not.toEqual(old)
  })

  it('deletes nothing that another program named', async () => {
    await write(1)
    const head = join(folder, 'model.json')
    const model = JSON.parse(readFileSync(head, 'utf8')) as { userDefinedMetadata?: object }
    delete model.userDefinedMetadata
    writeFileSync(head, JSON.stringify(model))
    await write(2)
    expect(existsSync(join(folder, 'weights.bin'))).toBe(true)
    for (const text of [
      '',
      '{',
      '{"userDefinedMetadata":{"latch_export":"1"},"weightsManifest":[null,{"paths":[1]}]}',
    ])
      expect(await ownShards(new TextEncoder().encode(text))).toEqual([])
  })
})
