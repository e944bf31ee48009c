/** The benchmark names the BLAS behind PyTorch and refuses the reference implementation. */
import { describe, expect, it } from 'vitest'

interface Blas {
  blasOf(report: { config: string; loaded: string[] }): string
  blasRefusal(blas: string): string | null
}
const path = '../bench/blas.mjs'
const { blasOf, blasRefusal } = (await import(path)) as Blas

describe('the BLAS of a PyTorch', () => {
  it.each([
    ['OpenBLAS', 'BLAS_INFO=generic', ['/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3']],
    ['reference', 'BLAS_INFO=generic', ['/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0']],
    ['reference', 'BLAS_INFO=generic', []],
    ['MKL', 'BLAS_INFO=mkl, Intel(R) oneAPI Math Kernel Library Version 2024', []],
    ['Accelerate', 'BLAS_INFO=accelerate', []],
    ['unknown', 'nothing', ['/usr/lib/libc.so.6']],
  ])('%s', (name, config, loaded) => expect(blasOf({ config, loaded })).toBe(name))

  it('refuses only the reference implementation, and names the package', () => {
    expect(blasRefusal('reference')).toContain('libopenblas-dev')
    expect(['OpenBLAS', 'MKL', 'unknown'].map(blasRefusal)).toEqual([null, null, null])
  })
})
