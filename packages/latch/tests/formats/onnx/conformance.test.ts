/** Every ONNX case that was made elsewhere, one by one, on the graph runner. */
import { describe, expect, it } from 'vitest'
import {
  mustBeRefused,
  onnxCaseNames,
  onnxCasesAreHere,
  runOnnxCase,
  type OnnxSuite,
} from '../conformance/onnx.ts'

const COUNTS: Readonly<Record<OnnxSuite, number>> = { node: 12, pytorch_export: 5, vectors: 36 }

describe.each(['node', 'pytorch_export', 'vectors'] as const)('ONNX %s', (suite) => {
  const names = onnxCasesAreHere ? onnxCaseNames(suite) : ['(no cases)']

  it.skipIf(!onnxCasesAreHere)('has all its cases', () => {
    expect(names).toHaveLength(COUNTS[suite])
  })

  it.skipIf(!onnxCasesAreHere).each(names)('%s', async (name) => {
    const { status, worst, why } = await runOnnxCase(suite, name)
    const reason = /sequence_lens of shape \(2\), got \(1\)|sequence_lens from 1 to 3, got 0/
    const refused = { status: 'refused', why: expect.stringMatching(reason) }
    expect({ status, worst, why }).toMatchObject(
      mustBeRefused(suite, name) ? refused : { status: 'equal', why: '' },
    )
  })
})
