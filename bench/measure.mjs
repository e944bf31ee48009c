// The clock every JavaScript engine is timed by: warm up, then samples of `calls` steps until the time is up.
// A child process writes one JSON line a workload; what it cannot do is a line with the reason.

const LONG_WARM_SECONDS = 2

/**
 * Times `run(n)`, which does n steps (see `atOnce`, `oneByOne`), and gives milliseconds a step, one number a
 * sample. `warm` is how many seconds the host's compilers get first; `warmed` runs after the first step, for
 * an engine whose threads start then. An engine that needs seconds a step gets one step to warm up and three
 * that count.
 */
export async function sample(run, { calls, seconds, warm = 0.4, warmed }) {
  const first = performance.now()
  await run(1)
  await warmed?.()
  for (let done = 1; ; done++) {
    const passed = (performance.now() - first) / 1000
    if ((done >= 3 && passed >= warm) || passed >= LONG_WARM_SECONDS) break
    await run(1)
  }
  const ms = []
  const end = performance.now() + seconds * 1000
  while (performance.now() < end || ms.length < 3) {
    const begun = performance.now()
    const waiting = run(calls)
    if (waiting) await waiting
    ms.push((performance.now() - begun) / calls)
  }
  return ms
}

/** Steps that never wait: nothing of the engine's time goes to promises. */
export function atOnce(step) {
  return (n) => {
    for (let i = 0; i < n; i++) step()
  }
}

/** Steps that are promises. */
export function oneByOne(step) {
  return async (n) => {
    for (let i = 0; i < n; i++) await step()
  }
}

/** One line for the parent process. */
export function log(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/**
 * A child's frame: node ENGINE.mjs '{"workload", "threads", "seconds", …}'; `measure` gives the rows
 * { ms, variant?, threads? }. What the engine cannot do is an answer, not a failure.
 */
export async function answer(measure) {
  const job = JSON.parse(process.argv[2])
  try {
    for (const row of await measure(job)) log({ workload: job.workload, ...row })
  } catch (error) {
    log({
      workload: job.workload,
      unsupported: String(error?.message ?? error)
        .split('\n')[0]
        .slice(0, 200),
    })
  }
  process.exit(0)
}

/** Uniform in −1 … 1, so that no engine meets denormal numbers. */
export function randomFloats(count, size = 1) {
  return Float32Array.from({ length: count }, () => (Math.random() * 2 - 1) * size)
}
