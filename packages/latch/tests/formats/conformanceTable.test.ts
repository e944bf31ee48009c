/** Runs every suite of reference numbers and compares docs/conformance.md; scripts/conformance.mjs writes the page. */
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { format, resolveConfig } from 'prettier'
import { runKeras2 } from './conformance/keras2.ts'
import { runKeras3 } from './conformance/keras3.ts'
import { keras3FilesAreHere, runKeras3Files } from './conformance/keras3Files.ts'
import { runKerasModels } from './conformance/kerasModels.ts'
import { runTfjsLayers } from './conformance/kerasTfjs.ts'
import {
  mustBeRefused,
  onnxCaseNames,
  onnxCasesAreHere,
  runOnnxCase,
  type OnnxSuite,
} from './conformance/onnx.ts'
import { modelsAreHere, runOtherModels } from './conformance/otherModels.ts'
import type { ConformanceResult } from './conformance/result.ts'
import { asItShould, conformancePage, type Suite } from './conformance/table.ts'
import { runTorchLayers } from './conformance/torch.ts'

const PAGE = new URL('../../../../docs/conformance.md', import.meta.url)

async function onnx(suite: OnnxSuite): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = []
  for (const name of onnxCaseNames(suite)) results.push(await runOnnxCase(suite, name))
  return results
}

async function allSuites(): Promise<Suite[]> {
  const vectors = onnxCaseNames('vectors')
  const keras3Files = await runKeras3Files()
  return [
    {
      title: 'ONNX backend tests',
      source:
        "onnx/onnx's own tests of RNN, LSTM and GRU, the batchwise ones (`layout` 1) too, which ONNX Runtime refuses.",
      tolerance: '1e-5',
      results: await onnx('node'),
    },
    {
      title: 'ONNX Runtime vectors',
      source:
        "ONNX Runtime's unit tests: directions, lengths, initial states, peepholes, clip, activations, both resets.",
      tolerance: '1e-5',
      results: await onnx('vectors'),
      refusals: vectors.filter((name) => mustBeRefused('vectors', name)),
    },
    {
      title: 'PyTorch exports to ONNX',
      source: 'Networks exported by PyTorch 1.13, run as graphs.',
      tolerance: '1e-5',
      results: await onnx('pytorch_export'),
    },
    {
      title: 'PyTorch layers',
      source: 'RNN, LSTM, GRU of PyTorch 1.13: outputs and final states.',
      tolerance: '1e-5',
      results: await runTorchLayers(),
    },
    {
      title: 'Keras 3 layers',
      source: "keras-team/keras' own layer tests.",
      tolerance: '1e-5, or what a case says',
      results: runKeras3(),
    },
    {
      title: 'Keras 3 files',
      source:
        'Random models of all layers, written by Keras 3.15 as `.keras` and as `.h5`, with its outputs: masks, stacked cells, both directions, unrolled, functional.',
      tolerance: '1e-5',
      results: keras3Files,
      refusals: ['m24.keras', 'm24.h5', 'm59.keras', 'm65.keras', 'm89.keras', 'm224.keras', 'm224.h5'],
    },
    {
      title: 'Keras 2 layers',
      source: 'Outputs of Keras 2 with random weights, from keras-js.',
      tolerance: '1e-5',
      results: runKeras2(),
    },
    {
      title: 'TensorFlow.js layers',
      source: "tfjs-layers' goldens, training included; the source has three to four digits.",
      tolerance: 'as each case says (0.001, 0.01)',
      results: runTfjsLayers(),
    },
    {
      title: 'Real model files',
      source: 'Models that people published, unmodified.',
      tolerance: '1e-5 (textgenrnn, charRNN 1e-4)',
      results: [...(await runKerasModels()), ...(await runOtherModels())],
      refusals: ['lstm_basic.h5, whole'],
    },
  ]
}

describe.skipIf(!onnxCasesAreHere || !modelsAreHere || !keras3FilesAreHere)('docs/conformance.md', () => {
  it('is what every suite comes to', async () => {
    const suites = await allSuites()
    const sizes = Object.fromEntries(suites.map(({ title, results }) => [title, results.length]))
    expect(sizes).toEqual({
      'ONNX backend tests': 12,
      'ONNX Runtime vectors': 36,
      'PyTorch exports to ONNX': 5,
      'PyTorch layers': 23,
      'Keras 3 layers': 51,
      'Keras 3 files': 146,
      'Keras 2 layers': 39,
      'TensorFlow.js layers': 20,
      'Real model files': 7,
    })
    const options = await resolveConfig(PAGE)
    const page = await format(conformancePage(suites), { ...options, parser: 'markdown' })
    if (process.env.GOLDEN === 'write') writeFileSync(PAGE, page)
    expect(page, 'docs/conformance.md is out of date: run node scripts/conformance.mjs').toBe(readOr(PAGE))
    const failures = suites.flatMap((suite) => suite.results.filter((one) => !asItShould(suite, one)))
    expect(failures).toEqual([])
  })
})

function readOr(url: URL): string {
  try {
    return readFileSync(url, 'utf8')
  } catch {
    return ''
  }
}
