/** Lesson 5: an RNN whose gradient vanishes or explodes by the spectral radius of Wh, and what clipping does. */
import { dense, features, type LayerSpec, network, type Network, PackedBatch, Random, rnn } from 'latch'
import { gradientFlow, setSpectralRadius, type FlowVerdict } from 'latch/inspection'
import { clipGradients } from 'latch/training'
import type { WorkerMethods } from '../rpc/remote.ts'
import { ENGINE } from './models.ts'

export interface ExplosionRequest {
  activation: 'tanh' | 'relu'
  steps: number
  /** Spectral radius of Wh. */
  radius: number
  /** Maximum norm for clipping. */
  clip: number
}

export interface Explosion {
  /** ‖∂L/∂h_t‖ by lag; lag 0 is the last step. */
  norms: number[]
  verdict: FlowVerdict
  /** Spectral radius of the initial Wh. */
  initialRadius: number
  /** The norm of all gradients and the clipping of a training. */
  gradient: { before: number; scale: number; after: number }
}

const UNITS = 16
const FEATURES = 4

function explosion({ activation, steps, radius, clip }: ExplosionRequest): Explosion {
  const layers: LayerSpec[] = [
    features(FEATURES),
    rnn(UNITS, { activation, returnSequences: false }),
    dense(1),
  ]
  const net = network(layers, { ...ENGINE, seed: 1, loss: { type: 'meanSquaredError' } })
  try {
    const [{ radius: initialRadius }] = setSpectralRadius(net, radius)
    const random = new Random(1, 'inputs of the explosion laboratory')
    const inputs = Array.from({ length: steps * FEATURES }, () => random.uniform() - 0.5)
    const batch = PackedBatch.ofFeatures(inputs, [1, steps, FEATURES])
    const targets = { values: [1] }
    const flow = gradientFlow(net, batch, targets)
    const norms = flow.layers[0].steps.map(({ hidden }) => hidden).reverse()
    return { norms, verdict: flow.verdict, initialRadius, gradient: clipped(net, batch, clip) }
  } finally {
    net.dispose()
  }
}

function clipped(net: Network, batch: PackedBatch, clipNorm: number): Explosion['gradient'] {
  const pass = { training: true, record: false, key: 0 }
  net.prepareTraining()
  net.zeroGradients()
  net.forward(batch, pass)
  net.backward(batch, { values: [1] }, pass)
  const { norm, scale } = clipGradients(net, { clipNorm })
  return { before: norm, scale, after: norm * scale }
}

export const lesson5: WorkerMethods = {
  'lesson5.explosion': (_, request: ExplosionRequest) => explosion(request),
}
