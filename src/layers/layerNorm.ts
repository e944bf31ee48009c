/**
 * Layer normalisation (Ba et al. 2016): each row to mean 0 and variance 1, then weight·x + bias. Parameters by
 * PyTorch's names: weight (width), bias (width).
 */

/** Each row by its own mean and variance. */
export interface LayerNormOptions {
  type: 'layerNorm'
  /** Added to the variance. Default 1e-5 (PyTorch); Keras has 1e-3. */
  epsilon?: number
  /** Learned factor. Default true. */
  scale?: boolean
  /** Learned summand. Default true. */
  centre?: boolean
}
