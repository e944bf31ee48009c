// Which BLAS a PyTorch computes with: the reference implementation is about ten times slower than the others,
// so figures against it say nothing.

/** The script that reports version, build settings and the loaded libraries of a PyTorch, as JSON. */
export const TORCH_REPORT = `
import json, os, torch
torch.rand(4, 4) @ torch.rand(4, 4)
maps = '/proc/self/maps'
lines = open(maps).read().split('\\n') if os.path.exists(maps) else []
loaded = sorted({os.path.realpath(line.split()[-1]) for line in lines if '.so' in line})
config = torch.__config__.show() + torch.__config__.parallel_info()
print(json.dumps({'version': torch.__version__, 'config': config, 'loaded': loaded}))
`

const FAST = [
  ['MKL', /libmkl|libtorch_cpu.*mkl/i, /BLAS_INFO=mkl|Math Kernel Library/],
  ['OpenBLAS', /openblas/i, /BLAS_INFO=open/],
  ['BLIS', /libblis/i, /BLAS_INFO=(flame|blis)/],
  ['ATLAS', /libatlas|libf77blas/i, /BLAS_INFO=atlas/],
  ['Accelerate', /Accelerate\.framework/, /BLAS_INFO=accelerate/i],
]

/**
 * The name of the BLAS, 'reference' for Netlib's libblas, or 'unknown'. What is loaded counts before what the
 * build says: Debian's PyTorch takes whichever library the system provides.
 */
export function blasOf({ config, loaded }) {
  const byLibrary = FAST.find(([, library]) => loaded.some((path) => library.test(path)))
  if (byLibrary) return byLibrary[0]
  if (loaded.some((path) => /\/libblas\.so/.test(path))) return 'reference'
  const byBuild = FAST.find(([, , build]) => build.test(config))
  return byBuild?.[0] ?? (/BLAS_INFO=generic/.test(config) ? 'reference' : 'unknown')
}

/** Why a PyTorch is no fair peer, with the package to install, or null. */
export function blasRefusal(blas) {
  return blas === 'reference'
    ? 'it computes with the reference BLAS, about ten times slower than OpenBLAS. Install libopenblas-dev (Debian, Ubuntu) and run again'
    : null
}
