// ONNX Runtime's steps, in Node and in the browser alike: the library and how to open a session are handed in.
import { oneByOne, randomFloats, sample } from '../measure.mjs'
import { onnxLstm } from '../onnxLstm.mjs'
import { workloads } from '../workloads.mjs'

/** @throws Error for a workload that trains */
export async function measureOnnx(ort, sessionOptions, { workload, seconds, warm, calls }) {
  const size = workloads[workload]
  const { kind, B, T, F, H } = size
  if (kind === 'train') throw new Error('ONNX Runtime does not train')
  const options = { graphOptimizationLevel: 'all', ...sessionOptions }
  const session = await ort.InferenceSession.create(onnxLstm({ T, B, F, H }), options)
  const zeros = () => new ort.Tensor('float32', new Float32Array(B * H), [1, B, H])
  const feeds = { X: new ort.Tensor('float32', randomFloats(T * B * F), [T, B, F]), h0: zeros(), c0: zeros() }
  const streaming = async () => {
    const { h, c } = await session.run(feeds, ['h', 'c'])
    feeds.h0 = h
    feeds.c0 = c
  }
  const step = kind === 'stream' ? streaming : () => session.run(feeds, ['Y'])
  return [{ ms: await sample(oneByOne(step), { calls: calls ?? size.calls, seconds, warm }) }]
}
