/** Reference optimizer updates, PyTorch's definitions. */
import type { Kernels } from '../kernels.ts'
import type { Access } from './access.ts'

type OptimizerKernels = Pick<Kernels, 'sgd' | 'rmsprop' | 'adagrad' | 'adam'>

export function optimizerKernels({ f, shift }: Access): OptimizerKernels {
  return {
    sgd(p, g, v, count, lr, momentum, nesterov, decay, first, scale) {
      const x = f()
      const [p0, g0, v0] = [p >>> shift, g >>> shift, v >>> shift]
      for (let i = 0; i < count; i++) {
        const gi = x[g0 + i] * scale + decay * x[p0 + i]
        let step = gi
        if (momentum !== 0) {
          // v = momentum·v + g
          const vi = first ? gi : momentum * x[v0 + i] + gi
          x[v0 + i] = vi
          step = nesterov ? gi + momentum * vi : vi
        }
        // p −= lr·step
        x[p0 + i] -= lr * step
      }
    },

    rmsprop(p, g, s, count, lr, alpha, eps, decay, scale) {
      const x = f()
      const [p0, g0, s0] = [p >>> shift, g >>> shift, s >>> shift]
      for (let i = 0; i < count; i++) {
        const gi = x[g0 + i] * scale + decay * x[p0 + i]
        // s = α·s + (1−α)·g²
        const si = alpha * x[s0 + i] + (1 - alpha) * gi * gi
        x[s0 + i] = si
        // p −= lr·g / (√s + ε)
        x[p0 + i] -= (lr * gi) / (Math.sqrt(si) + eps)
      }
    },

    adagrad(p, g, s, count, lr, eps, decay, scale) {
      const x = f()
      const [p0, g0, s0] = [p >>> shift, g >>> shift, s >>> shift]
      for (let i = 0; i < count; i++) {
        const gi = x[g0 + i] * scale + decay * x[p0 + i]
        // s += g²
        const si = x[s0 + i] + gi * gi
        x[s0 + i] = si
        // p −= lr·g / (√s + ε)
        x[p0 + i] -= (lr * gi) / (Math.sqrt(si) + eps)
      }
    },

    adam(p, g, m, v, count, lr, beta1, beta2, eps, decay, decoupled, c1, c2, scale) {
      const x = f()
      const [p0, g0, m0, v0] = [p >>> shift, g >>> shift, m >>> shift, v >>> shift]
      const [shrink, couple] = decoupled ? [1 - lr * decay, 0] : [1, decay]
      const [rate, root] = [lr / c1, Math.sqrt(c2)]
      for (let i = 0; i < count; i++) {
        const pi = x[p0 + i] * shrink
        const gi = x[g0 + i] * scale + couple * pi
        // m = β1·m + (1−β1)·g  v = β2·v + (1−β2)·g²
        const mi = beta1 * x[m0 + i] + (1 - beta1) * gi
        const vi = beta2 * x[v0 + i] + (1 - beta2) * gi * gi
        x[m0 + i] = mi
        x[v0 + i] = vi
        // p −= lr/c1 · m / (√v/√c2 + ε)
        x[p0 + i] = pi - (rate * mi) / (Math.sqrt(vi) / root + eps)
      }
    },
  }
}
