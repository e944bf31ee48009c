/**
 * Latch's `.keras` exports, loaded and run by Keras 3 itself. Needs a `python3` that imports keras (with h5py, on the
 * NumPy, JAX, TensorFlow or PyTorch backend); skipped elsewhere.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { writeKeras } from '../../../src/formats/keras/index.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { expectClose } from '../../closeTo.ts'
import { bytesOf, exportCase } from '../exportHelpers.ts'

const features: LayerOptions = { type: 'features', width: 3 }
const embedding: LayerOptions = { type: 'embedding', vocabulary: 7, size: 3 }
const masked: LayerOptions = { ...embedding, maskZero: true }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 4 }
const gru: LayerOptions = { type: 'recurrent', cell: 'gru', units: 4 }
const both: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 2, direction: 'bidirectional' }
const end: LayerOptions = { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false }
const dense: LayerOptions = { type: 'dense', units: 2 }
const concat = (...inputs: string[]): LayerOptions => ({ type: 'concat', inputs })

const CASES: Record<string, LayerOptions[]> = {
  'steps, per sequence': [features, lstm, end, dense],
  'every step': [features, gru, dense],
  'ids, masked': [masked, lstm, { type: 'pool', pooling: 'mean' }, dense],
  directions: [embedding, both, { ...both, returnSequences: false, merge: 'sum' }, dense],
  'directions, zeros at masked steps': [masked, both, { type: 'zeroMasked' }, end, dense],
  backwards: [features, { ...lstm, direction: 'reverse' }, { type: 'reverse' }, end, dense],
  'one-hot': [{ type: 'oneHot', vocabulary: 6 }, lstm, { type: 'pool', pooling: 'max' }, dense],
  norm: [features, lstm, { type: 'layerNorm', epsilon: 1e-3 }, end, { ...dense, activation: 'relu' }],
  'other shapes': [
    features,
    gru,
    { type: 'permute', steps: 5 },
    { type: 'reshape', steps: 2, width: 10 },
    lstm,
    { type: 'pool', pooling: 'max' },
    { type: 'dense', units: 12 },
    { type: 'reshape', steps: 4, width: 3 },
    end,
  ],
  flat: [features, gru, { type: 'flatten', steps: 5 }, dense],
  'skip of the input': [features, lstm, concat('features.0', 'recurrent.0'), end, dense],
  'skip of two layers': [embedding, lstm, gru, concat('recurrent.0', 'recurrent.1'), end, dense],
  'skip of directions': [embedding, both, lstm, concat('recurrent.0', 'recurrent.1'), dense],
  'two skips': [
    features,
    lstm,
    concat('features.0', 'recurrent.0'),
    gru,
    concat('recurrent.0', 'recurrent.1'),
    { type: 'pool', pooling: 'max' },
    dense,
  ],
  'skip of embedded ids': [embedding, gru, concat('embedding.0', 'recurrent.0'), end, dense],
  'skip, masked': [masked, lstm, gru, concat('recurrent.0', 'recurrent.1'), end, dense],
}

const hasKeras =
  spawnSync('python3', ['-c', 'import keras; assert keras.__version__[0] == "3"'], {
    env: { KERAS_BACKEND: 'numpy', ...process.env },
  }).status === 0

const RUN = `
import json, sys, numpy as np, keras
out = {}
for name, (path, x, calls) in json.load(open(sys.argv[1])).items():
    model = keras.models.load_model(path)
    for _ in range(calls):
        y = [np.asarray(model(np.array([row]))).tolist()[0] for row in x]
    out[name] = y
print(json.dumps(out))
`

/** Outputs of Keras for each case. */
function runInKeras(cases: Record<string, [path: string, x: unknown, calls: number]>, folder: string) {
  const list = join(folder, 'cases.json')
  writeFileSync(list, JSON.stringify(cases))
  const env = { KERAS_BACKEND: 'numpy', ...process.env }
  const said = execFileSync('python3', ['-c', RUN, list], { env, encoding: 'utf8', stdio: 'pipe' })
  return JSON.parse(said.trim().split('\n').at(-1)!) as Record<string, (number | number[] | number[][])[]>
}

describe.skipIf(!hasKeras)('Keras 3 runs what Latch exports', () => {
  it('every case, skips among them', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latch-keras-'))
    try {
      const cases: Record<string, [string, unknown, number]> = {}
      const wanted: Record<string, ArrayLike<number>> = {}
      for (const [name, layers] of Object.entries(CASES)) {
        const { source, ids, features: rows, output } = exportCase(name, layers, {}, [5, 5, 5])
        const [file] = await writeKeras({ ...source, name: 'model' })
        const path = join(folder, `${Object.keys(cases).length}.keras`)
        writeFileSync(path, bytesOf(file.chunks))
        cases[name] = [path, ids ?? rows, 1]
        wanted[name] = output
      }
      const said = runInKeras(cases, folder)
      for (const [name, own] of Object.entries(wanted))
        expectClose(said[name].flat(2), Array.from(own), 1e-5, name)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('a stateful model goes on from call to call', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latch-keras-'))
    try {
      const { source, features: rows } = exportCase('stateful', [features, lstm, end, dense], {}, [5])
      const twice = [...rows![0], ...rows![0]]
      const { network } = source
      const { PackedBatch } = await import('../../../src/tensors/packedBatch.ts')
      const batch = PackedBatch.ofFeatures(Float64Array.from(twice.flat()), [1, 10, 3])
      network.forward(batch)
      const own = Array.from(network.readOutput(batch))
      const [file] = await writeKeras({ ...source, name: 'model', stateful: true })
      const path = join(folder, 'stateful.keras')
      writeFileSync(path, bytesOf(file.chunks))
      expectClose(runInKeras({ stateful: [path, rows, 2] }, folder).stateful.flat(2), own, 1e-5)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
