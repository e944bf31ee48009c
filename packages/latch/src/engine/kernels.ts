/**
 * The kernels: what every engine can compute. The exports of the WebAssembly builds and the reference implementation in
 * `reference/` have exactly these signatures, so this file is the ABI.
 */

/*
 * Conventions. Outputs come first, then inputs, then sizes. Floats are the engine's precision (4 or 8
 * bytes); integers are int32. A matrix is row-major with a row stride `ld…` in elements. `0` for an
 * optional pointer means none. W is the engine's panel width. A packed matrix (K, N) lies as
 * [⌈N/W⌉][K][W]; its padding columns hold zeros. Padding columns of row-major buffers (n ≤ column < ld)
 * are never read as values, and a kernel that writes whole panels may write anything finite there.
 * Each element's sum runs in one fixed order (ascending k, m or row), whatever the tile.
 * Kernels check nothing: sizes are validated where data enters.
 */

/** A byte address in the engine's arena. */
export type Pointer = number

export interface Kernels {
  // ── matrix products ────────────────────────────────────────────────────────────────────────────
  /** C (m, n; ldc ≥ ⌈n/W⌉·W) = or += A (m, k; lda) · B (k, n; packed). Writes whole panels of C. */
  matmul(
    c: Pointer,
    a: Pointer,
    b: Pointer,
    m: number,
    n: number,
    k: number,
    lda: number,
    ldc: number,
    accumulate: 0 | 1,
  ): void
  /**
   * dW (k, n; packed) += Aᵀ · dZ, A (rows, k; lda), dZ (m, n; ldz), summed over m in ascending order.
   * With `index` ≠ 0 (int32, m), row i of the sum takes A's row index[i]. Columns of dZ from n on are
   * taken as zero. `scratch` holds at least `transposedScratch(n, k)` floats.
   */
  matmulTransposed(
    dw: Pointer,
    a: Pointer,
    index: Pointer,
    dz: Pointer,
    scratch: Pointer,
    m: number,
    n: number,
    k: number,
    lda: number,
    ldz: number,
  ): void
  /** out = Wᵀ packed (n, k) from W packed (k, n). */
  packTransposed(out: Pointer, w: Pointer, k: number, n: number): void
  /** z (m, n; ldz) = b1 [+ b2] in every row; b1, b2 (n), either may be 0. Both 0: zeros. Pads up to ⌈n/W⌉·W get zero. */
  fillRows(z: Pointer, b1: Pointer, b2: Pointer, m: number, n: number, ldz: number): void
  /** db (n) += the column sums of dz (m, n; ldz). */
  sumRows(db: Pointer, dz: Pointer, m: number, n: number, ldz: number): void

  // ── rows by id ─────────────────────────────────────────────────────────────────────────────────
  /** out (m, n; ldo) = row ids[i] of table (·, n; ldt); `ids` 0 copies row i. A negative id gives zeros. */
  gatherRows(out: Pointer, table: Pointer, ids: Pointer, m: number, n: number, ldo: number, ldt: number): void
  /** table row ids[i] (·, n; ldt) += dy row i (m, n; ldy), in ascending i; negative ids are skipped; `ids` 0: row i. */
  scatterAddRows(
    table: Pointer,
    ids: Pointer,
    dy: Pointer,
    m: number,
    n: number,
    ldt: number,
    ldy: number,
  ): void
  /** z (m, n; ldz) += row ids[i] of the packed matrix w (k, n): one-hot · w without the one-hot. */
  gatherPanels(z: Pointer, w: Pointer, ids: Pointer, m: number, n: number, k: number, ldz: number): void
  /** dw (packed k, n) row ids[i] += dz row i, ascending i: one-hotᵀ · dz. Padding columns stay zero. */
  scatterAddPanels(dw: Pointer, dz: Pointer, ids: Pointer, m: number, n: number, k: number, ldz: number): void

  // ── cells: one time step each; all row-major (m, ·) ────────────────────────────────────────────
  /** h (m, H; ldh) = tanh(z) or, with relu = 1, max(0, z). z (m, H; ldz). */
  rnnForward(h: Pointer, z: Pointer, m: number, H: number, ldz: number, ldh: number, relu: 0 | 1): void
  /** dz = (dh + dout) ∘ f'(h). dh (m, H; ldh) is replaced by dh + dout. dout (m, H; ldd) or 0. */
  rnnBackward(
    dz: Pointer,
    dh: Pointer,
    dout: Pointer,
    h: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
    ldd: number,
    relu: 0 | 1,
  ): void
  /**
   * z (m, 4H; ldz): pre-activations i f g o in, activated gates out (in place).
   * c = f∘cPrev + i∘g;  tc = tanh(c);  h = o∘tc. h, c, tc, cPrev (m, H; ldh).
   */
  lstmForward(
    h: Pointer,
    c: Pointer,
    tc: Pointer,
    z: Pointer,
    cPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void
  /**
   * dh is replaced by dh + dout (= ∂L/∂h_t); dz (m, 4H; ldz) from it;
   * dc comes in as the carry from t+1 and leaves as the carry to t−1 (dcTotal∘f). With dcTotal ≠ 0,
   * ∂L/∂c_t is also written there. dh, dc, dcTotal, c… (m, H; ldh), dout (m, H; ldd) or 0.
   */
  lstmBackward(
    dz: Pointer,
    dh: Pointer,
    dc: Pointer,
    dcTotal: Pointer,
    dout: Pointer,
    z: Pointer,
    cPrev: Pointer,
    tc: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
    ldd: number,
  ): void
  /**
   * GRU, reset after the product (PyTorch, Keras default). zx (m, 3H; ldz): x-side pre-activations r z n in,
   * activated gates out. zh (m, 3H; ldz): h·Wh + b_hh. hn (m, H; ldh) keeps zh's n third.
   * r = σ(zx_r+zh_r);  z = σ(zx_z+zh_z);  n = tanh(zx_n + r∘hn);  h = z∘hPrev + (1−z)∘n.
   */
  gruForward(
    h: Pointer,
    hn: Pointer,
    zx: Pointer,
    zh: Pointer,
    hPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void
  /**
   * dh comes in as the carry; dhTotal = dh + dout is written to dhTotal where that is ≠ 0; dh leaves as
   * dhTotal∘z (the direct path; the caller adds dzh·Whᵀ). dzx = [dr dz dn], dzh = [dr dz dn∘r] (m, 3H; ldz).
   */
  gruBackward(
    dzx: Pointer,
    dzh: Pointer,
    dh: Pointer,
    dhTotal: Pointer,
    dout: Pointer,
    z: Pointer,
    hn: Pointer,
    hPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
    ldd: number,
  ): void
  /** GRU, reset before the product (Cho et al. 2014), stage 1: z's r and z thirds activated in place; rh = r∘hPrev. */
  gruResetForward(
    rh: Pointer,
    z: Pointer,
    hPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void
  /** … stage 2, after z_n += rh·Wh_n: n activated in place; h = z∘hPrev + (1−z)∘n. */
  gruCandidateForward(
    h: Pointer,
    z: Pointer,
    hPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void
  /** Backward of stage 2: as gruBackward for the z and n thirds of dz; dh leaves as dhTotal∘z. */
  gruCandidateBackward(
    dz: Pointer,
    dh: Pointer,
    dhTotal: Pointer,
    dout: Pointer,
    z: Pointer,
    hPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
    ldd: number,
  ): void
  /** Backward of stage 1: drh (m, H; ldh) = ∂L/∂(r∘hPrev): dz's r third = drh∘hPrev∘r∘(1−r); dh += drh∘r. */
  gruResetBackward(
    dz: Pointer,
    dh: Pointer,
    drh: Pointer,
    z: Pointer,
    hPrev: Pointer,
    m: number,
    H: number,
    ldz: number,
    ldh: number,
  ): void

  // ── pooling over time; packed rows: step t's row of sequence b is offsets[t] + b, t < lengths[b] ──
  /** y (B, n; ldy) = max over time of x (R, n; ldx); arg (int32 B·n) = the row of x that won (first on ties). */
  maxPoolForward(
    y: Pointer,
    arg: Pointer,
    x: Pointer,
    lengths: Pointer,
    offsets: Pointer,
    B: number,
    n: number,
    ldy: number,
    ldx: number,
  ): void
  /** dx row arg[b][j] column j += dy[b][j]. */
  maxPoolBackward(
    dx: Pointer,
    dy: Pointer,
    arg: Pointer,
    B: number,
    n: number,
    ldx: number,
    ldy: number,
  ): void
  /** y = mean over time (ascending t). */
  meanPoolForward(
    y: Pointer,
    x: Pointer,
    lengths: Pointer,
    offsets: Pointer,
    B: number,
    n: number,
    ldy: number,
    ldx: number,
  ): void
  /** dx row (t, b) += dy[b] / lengths[b]. */
  meanPoolBackward(
    dx: Pointer,
    dy: Pointer,
    lengths: Pointer,
    offsets: Pointer,
    B: number,
    n: number,
    ldx: number,
    ldy: number,
  ): void

  // ── elementwise over `count` consecutive floats ────────────────────────────────────────────────
  /**
   * y[i] = keep ? x[i] / (1 − rate) : 0, keep = hash32(hash32(first + i) ^ key) ≥ ⌊rate · 2^32⌋ (unsigned), first + i the
   * element's number in the whole buffer (hash32: core/random.ts). The same key gives the same mask, so backward is the same call on dy.
   */
  dropout(y: Pointer, x: Pointer, count: number, first: number, rate: number, key: number): void
  /** y = f(x), kind 1 relu, 2 tanh, 3 sigmoid. In place allowed. */
  activate(y: Pointer, x: Pointer, count: number, kind: number): void
  /** dx = dy ∘ f'(y) by the output y. In place (dx = dy) allowed. */
  activateBackward(dx: Pointer, dy: Pointer, y: Pointer, count: number, kind: number): void
  /** y += x. */
  add(y: Pointer, x: Pointer, count: number): void
  /** x = 0. */
  zero(x: Pointer, count: number): void
  /** p (m, c; ld) = softmax of x by row (max subtracted). */
  softmax(p: Pointer, x: Pointer, m: number, c: number, ld: number): void

  // ── losses: write dx and return the sum over rows in float64, rows ascending, both times `scale` ──
  /**
   * Softmax cross-entropy, PyTorch's definition with label smoothing e and class weights w (c) or 0:
   * row loss = (1−e)·w_t·(−log p_t) + e/c·Σ_j w_j·(−log p_j). targets int32 (m); a negative target leaves
   * the row out (zero gradient). dx (m, c; ld). dx 0: no gradient is written.
   */
  softmaxCrossEntropy(
    dx: Pointer,
    x: Pointer,
    targets: Pointer,
    weights: Pointer,
    m: number,
    c: number,
    ld: number,
    smoothing: number,
    scale: number,
  ): number
  /**
   * Binary cross-entropy on logits x (m, c; ld) with float targets t (m, c; c): t' = t(1−e)+e/2,
   * element loss = (w0 + t(w1−w0))·(max(x,0) − x·t' + log(1+exp(−|x|))).
   */
  binaryCrossEntropy(
    dx: Pointer,
    x: Pointer,
    targets: Pointer,
    m: number,
    c: number,
    ld: number,
    smoothing: number,
    w0: number,
    w1: number,
    scale: number,
  ): number
  /** Regression on x (m, c; ld), targets (m, c; c): kind 0 squared error, 1 absolute, 2 Huber with delta. */
  regressionLoss(
    dx: Pointer,
    x: Pointer,
    targets: Pointer,
    m: number,
    c: number,
    ld: number,
    kind: number,
    delta: number,
    scale: number,
  ): number

  // ── optimizers: PyTorch's definitions; p, g, state over `count` consecutive floats; g is taken times `scale` ──
  /** g += decay·p; v = momentum·v + g (first = 1: v = g); p −= lr·(nesterov ? g + momentum·v : v). momentum 0: v unused, may be 0. */
  sgd(
    p: Pointer,
    g: Pointer,
    v: Pointer,
    count: number,
    lr: number,
    momentum: number,
    nesterov: 0 | 1,
    decay: number,
    first: 0 | 1,
    scale: number,
  ): void
  /** g += decay·p; s = alpha·s + (1−alpha)·g²; p −= lr·g/(√s + eps). */
  rmsprop(
    p: Pointer,
    g: Pointer,
    s: Pointer,
    count: number,
    lr: number,
    alpha: number,
    eps: number,
    decay: number,
    scale: number,
  ): void
  /** g += decay·p; s += g²; p −= lr·g/(√s + eps). */
  adagrad(
    p: Pointer,
    g: Pointer,
    s: Pointer,
    count: number,
    lr: number,
    eps: number,
    decay: number,
    scale: number,
  ): void
  /**
   * Adam; decoupled = 1: AdamW (p ·= 1 − lr·decay first), else g += decay·p.
   * m = β1·m + (1−β1)g; v = β2·v + (1−β2)g²; p −= lr/c1 · m / (√v/√c2 + eps), c1 = 1−β1^t, c2 = 1−β2^t.
   */
  adam(
    p: Pointer,
    g: Pointer,
    m: Pointer,
    v: Pointer,
    count: number,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
    decoupled: 0 | 1,
    c1: number,
    c2: number,
    scale: number,
  ): void
  /** Σ x² in float64, summed in one fixed order. Not finite as soon as any element is not. */
  sumSquares(x: Pointer, count: number): number
  /** x = min(limit, max(−limit, x)); NaN stays NaN. */
  clamp(x: Pointer, count: number, limit: number): void
  /** avg = decay·avg + (1−decay)·p. */
  average(avg: Pointer, p: Pointer, count: number, decay: number): void
}

/** Rows of an Aᵀ·B block: the unit in which `matmulTransposed` packs its operands. */
export const TRANSPOSED_BLOCK = 256

/** Floats of scratch that `matmulTransposed` needs for (n, k) at panel width W. */
export function transposedScratch(n: number, k: number, panel: number): number {
  const pad = (x: number) => Math.ceil(x / 24) * 24
  return TRANSPOSED_BLOCK * (pad(n) + pad(k)) + 16 * panel
}
