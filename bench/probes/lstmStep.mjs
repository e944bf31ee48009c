/**
 * One LSTM training step by hand on fixed data, straight on the kernels: forward, loss, BPTT, weight
 * gradients, Adam. `spent` lists by part how many calls a step makes and the fastest of them.
 */
export function lstmStep(bench, { B, T, F, H, classes }) {
  const { kernels: K } = bench
  const G = 4 * H
  const [ldz, ldh, ldc] = [bench.pad(G), bench.pad(H), bench.pad(classes)]
  const rows = T * B
  const p = layout(bench, { F, H, G, classes })
  const [Wx, Wh, bx, bh, Wd, bd] = p.weights
  const [dWx, dWh, dbx, dbh, dWd, dbd] = p.gradients
  const x = bench.random(rows * F)
  const [z, dz] = [0, 0].map(() => bench.reserve(rows * ldz))
  // Step t's row block lies at t + 1; block 0 is the initial state.
  const [h, c, tc] = [0, 0, 0].map(() => bench.reserve((T + 1) * B * ldh))
  const [dh, dc] = [0, 0].map(() => bench.reserve(B * ldh))
  const [WhT, WdT] = [bench.reserve(G * ldh), bench.reserve(ldh * classes)]
  const [logits, dlogits] = [0, 0].map(() => bench.reserve(B * ldc))
  const scratch = bench.reserve(256 * (ldz + ldh + F + 72) + 16 * bench.panel)
  const targets = bench.reserve(B)
  for (let i = 0; i < B; i++) bench.ints[targets / 4 + i] = i % classes
  const step = { spent: {}, fastest: Infinity, loss: 0, run }
  let count = 0

  const state = (base, t) => base + t * B * ldh * 4
  const gates = (base, t) => base + t * B * ldz * 4

  function part(name, call) {
    const start = performance.now()
    call()
    const ms = performance.now() - start
    const all = (step.spent[name] ??= { calls: 0, fastest: Infinity })
    if (count === 1) all.calls++
    all.fastest = Math.min(all.fastest, ms)
  }

  function forward() {
    part('bias', () => K.fillRows(z, bx, bh, rows, G, ldz))
    part('x·Wx', () => K.matmul(z, x, Wx, rows, G, F, F, ldz, 1))
    for (let t = 0; t < T; t++) {
      const zt = gates(z, t)
      if (t > 0) part('h·Wh', () => K.matmul(zt, state(h, t), Wh, B, G, H, ldh, ldz, 1))
      part('lstmForward', () =>
        K.lstmForward(state(h, t + 1), state(c, t + 1), state(tc, t + 1), zt, state(c, t), B, H, ldz, ldh),
      )
    }
    part('dense, loss', () => {
      K.fillRows(logits, bd, 0, B, classes, ldc)
      K.matmul(logits, state(h, T), Wd, B, classes, H, ldh, ldc, 1)
      step.loss = K.softmaxCrossEntropy(dlogits, logits, targets, 0, B, classes, ldc, 0, 1 / B)
    })
  }

  function backward() {
    part('dense back', () => {
      K.zero(p.gradients[0], p.count)
      K.matmulTransposed(dWd, state(h, T), 0, dlogits, scratch, B, classes, H, ldh, ldc)
      K.sumRows(dbd, dlogits, B, classes, ldc)
      K.packTransposed(WdT, Wd, H, classes)
      K.matmul(dh, dlogits, WdT, B, H, classes, ldc, ldh, 0)
      K.zero(dc, B * ldh)
    })
    part('packTransposed', () => K.packTransposed(WhT, Wh, H, G))
    for (let t = T - 1; t >= 0; t--) {
      const [dzt, zt] = [gates(dz, t), gates(z, t)]
      part('lstmBackward', () =>
        K.lstmBackward(dzt, dh, dc, 0, 0, zt, state(c, t), state(tc, t + 1), B, H, ldz, ldh, 0),
      )
      if (t > 0) part('dz·Whᵀ', () => K.matmul(dh, dzt, WhT, B, H, G, ldz, ldh, 0))
    }
    part('dWx', () => K.matmulTransposed(dWx, x, 0, dz, scratch, rows, G, F, F, ldz))
    part('dWh', () => K.matmulTransposed(dWh, h, 0, dz, scratch, rows, G, H, ldh, ldz))
    part('db', () => {
      K.sumRows(dbx, dz, rows, G, ldz)
      K.add(dbh, dbx, G)
    })
  }

  function run() {
    const start = performance.now()
    count++
    const [c1, c2] = [1 - 0.9 ** count, 1 - 0.999 ** count]
    forward()
    backward()
    part('adam', () =>
      K.adam(p.weights[0], p.gradients[0], p.m, p.v, p.count, 1e-3, 0.9, 0.999, 1e-8, 0, 0, c1, c2, 1),
    )
    step.fastest = Math.min(step.fastest, performance.now() - start)
    return step.loss
  }
  return step
}

/** Parameters, gradients and moments in the same order, so that Adam is one call. */
function layout(bench, { F, H, G, classes }) {
  const [ldz, ldc] = [bench.pad(G), bench.pad(classes)]
  const sizes = [F * ldz, H * ldz, ldz, ldz, H * ldc, ldc]
  const count = sizes.reduce((a, b) => a + b)
  const [parameters, gradients, m, v] = [0, 0, 0, 0].map(() => bench.reserve(count))
  const at = (base) => {
    let offset = base
    return sizes.map((size) => (offset += size * 4) - size * 4)
  }
  const weights = at(parameters)
  for (const [to, k, n] of [
    [weights[0], F, G],
    [weights[1], H, G],
    [weights[4], H, classes],
  ]) {
    const mark = bench.top
    const from = bench.packed(k, n, 0.08)
    bench.floats.copyWithin(to / 4, from / 4, from / 4 + k * bench.pad(n))
    bench.top = mark
  }
  return { weights, gradients: at(gradients), m, v, count }
}
