/**
 * Real model files of PyTorch, TensorFlow.js and TensorFlow 1, each opened by its reader and held against its
 * golden numbers, which were computed from the weights in float64.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { ImportedModel } from '../../../src/formats/imported.ts'
import { readTensorflow1 } from '../../../src/formats/tensorflow1/index.ts'
import { readTfjs } from '../../../src/formats/tfjs/index.ts'
import { readTorch } from '../../../src/formats/torch/index.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import { modelFile } from './files.ts'
import type { ConformanceResult } from './result.ts'
import { relativeDifference } from '../../closeTo.ts'
const MODELS = new URL('../../../../../../shared/conformance/models/', import.meta.url)
const TEXT = new URL('../../../../../../shared/data/tinyshakespeare/input.txt', import.meta.url)
const SUITE = 'Real model files'

/** Whether models and the text that one of them reads lie beside the clone. */
export const modelsAreHere = existsSync(MODELS) && existsSync(TEXT)

/** A file of a model's folder. */
export const inModel = (folder: string, file: string) => new URL(`${folder}/${file}`, MODELS)

/** A model's golden numbers. */
export function goldenOf<T>(folder: string): T {
  return JSON.parse(readFileSync(inModel(folder, 'golden.json'), 'utf8')) as T
}

/** The network of an imported model. */
export function networkOf({ network, weights }: ImportedModel): Network {
  return configuredNetwork(network, { weights: ({ name }) => weights.get(name)! })
}

/** e^x over its sum. */
export function softmax(row: ArrayLike<number>): number[] {
  const powers = Array.from(row, Math.exp)
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((x) => x / sum)
}

function result(name: string, worst: number, tolerance: number, why = ''): ConformanceResult {
  return { suite: SUITE, name, status: worst <= tolerance ? 'equal' : 'different', worst, why }
}

/** Silero's voice detector: its LSTMCell over six steps, hidden states, and the last cell state. */
export async function runSilero(): Promise<ConformanceResult> {
  const golden = goldenOf<SileroGolden>('silero_vad')
  const file = modelFile(inModel('silero_vad', 'silero_vad_16k.safetensors'))
  const network = networkOf(await readTorch(file, { prefix: 'lstm_cell.' }))
  const batch = PackedBatch.ofFeatures(golden.x.flat(), [1, 6, 128])
  network.forward(batch)
  const hidden = relativeDifference(network.readOutput(batch), golden.h_per_step.flat())
  const cell = relativeDifference(network.readFinalState(batch, { state: 'cell' }), golden.c_last)
  const config = {
    order: ['lstm_cell', 'final_conv'],
    heads: { lstm_cell: 'relu', final_conv: 'sigmoid' },
  }
  const whole = networkOf(await readTorch(file, { config }))
  whole.forward(batch)
  const voice = Array.from(whole.readOutput(batch), (x) => 1 / (1 + Math.exp(-x)))
  const head = relativeDifference(voice, golden.head_per_step)
  const why = 'its LSTM cell and the head above it; the convolutions below are left'
  return result('silero_vad_16k.safetensors', Math.max(hidden, cell, head), 1e-5, why)
}

interface SileroGolden {
  x: number[][]
  h_per_step: number[][]
  c_last: number[]
  head_per_step: number[]
}

/** An LSTM of TensorFlow.js that writes text: the next character's probabilities after three texts. */
export async function runTextGeneration(): Promise<ConformanceResult> {
  const { answer } = await openTextGeneration()
  const { cases } = goldenOf<TextGenerationGolden>('tfjs_lstm_text_generation')
  const differences = cases.map(({ text, probabilities }) => relativeDifference(answer(text), probabilities))
  return result('tfjs_lstm_text_generation', Math.max(...differences), 1e-5)
}

/** Texts of 40 characters, what comes next, and how it goes on. */
export interface TextGenerationGolden {
  cases: { text: string; probabilities: number[]; greedy_next_40_characters: string }[]
}

/** The model, and its probabilities after 40 characters. */
export async function openTextGeneration() {
  const folder = 'tfjs_lstm_text_generation'
  const ids = JSON.parse(readFileSync(inModel(folder, 'char_indices.json'), 'utf8')) as Record<string, number>
  const model = await readTfjs(modelFile(inModel(folder, 'model.json')), { vocabulary: ids })
  const network = networkOf(model)
  const answer = (text: string): number[] => {
    const rows = [...text].flatMap((sign) => model.vocabulary!.map((token) => Number(token === sign)))
    const batch = PackedBatch.ofFeatures(rows, [1, 40, 57])
    network.forward(batch)
    return softmax(network.readOutput(batch))
  }
  return { model, answer }
}

const CHAR_RNN = 'ml5_charrnn_shakespeare'

interface CharRnnGolden {
  probabilities_after_steps_1_2_3: number[][]
  mean_cross_entropy_nats_per_character: number
  characters: number
}

/** The model of ml5's charRNN, and the ids of the 2001 characters that its golden is about. */
export async function openCharRnn() {
  const model = await readTensorflow1(modelFile(inModel(CHAR_RNN, 'manifest.json')))
  const text = readFileSync(TEXT, 'utf8').slice(-111_540)
  const known = new Map(model.vocabulary!.map((token, id) => [token, id]))
  const ids = [...text].flatMap((sign) => known.get(sign) ?? []).slice(0, 2001)
  return { model, ids }
}

/** The largest difference of three rows of probabilities, and of the mean loss over all characters. */
export function worstCharRnn(rows: readonly ArrayLike<number>[], ids: readonly number[]): number {
  const golden = goldenOf<CharRnnGolden>(CHAR_RNN)
  if (rows.length !== golden.characters) return Infinity
  const differences = golden.probabilities_after_steps_1_2_3.map((row, t) =>
    relativeDifference(softmax(rows[t]), row),
  )
  const losses = rows.map((row, t) => -Math.log(softmax(row)[ids[t + 1]]))
  const mean = losses.reduce((a, b) => a + b, 0) / losses.length
  return Math.max(...differences, Math.abs(mean - golden.mean_cross_entropy_nats_per_character))
}

/** ml5's charRNN over 2000 characters in one pass. */
export async function runCharRnn(): Promise<ConformanceResult> {
  const { model, ids } = await openCharRnn()
  const network = networkOf(model)
  const batch = PackedBatch.ofIds([ids.slice(0, -1)])
  network.forward(batch)
  const output = network.readOutput(batch)
  const rows = ids.slice(1).map((_, t) => output.subarray(65 * t, 65 * (t + 1)))
  return result(CHAR_RNN, worstCharRnn(rows, ids), 1e-5)
}

/** All three. */
export async function runOtherModels(): Promise<ConformanceResult[]> {
  return [await runTextGeneration(), await runSilero(), await runCharRnn()]
}
