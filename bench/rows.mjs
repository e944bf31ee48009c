// Rows: what one engine with its threads and mode took on one workload, all rounds; and how two compare.

/** Collects samples by workload, engine, mode and threads. */
export class Rows {
  #rows = new Map()
  /** { workload, engine, threads, why }: what could not run, once each. */
  failures = []

  add(round, { workload, engine, mode, threads, ms }) {
    const key = [workload, engine, mode, threads].join('|')
    const row = this.#rows.get(key) ?? { workload, engine, mode, threads, rounds: [] }
    this.#rows.set(key, row)
    row.rounds.push({ round, ms: ms.map((x) => Number(x.toPrecision(5))) })
  }

  addFailure(failure) {
    const same = (f) =>
      f.workload === failure.workload && f.engine === failure.engine && f.threads === failure.threads
    if (!this.failures.some(same)) this.failures.push(failure)
  }

  get all() {
    return [...this.#rows.values()]
  }

  /** Rows of a workload that match; the fastest first. */
  find(workload, match) {
    return this.all
      .filter((row) => row.workload === workload && match(row))
      .toSorted((a, b) => summary(a).medianMs - summary(b).medianMs)
  }
}

/** Medians are over the samples of all rounds. */
export function summary({ rounds }) {
  const ms = rounds.flatMap((round) => round.ms).toSorted((a, b) => a - b)
  return { medianMs: middle(ms), p10Ms: ms[Math.floor(ms.length / 10)], minMs: ms[0], samples: ms.length }
}

/**
 * How many times longer `theirs` took than `ours`: the medians of the same round over each other, so that a
 * machine whose speed drifts does not decide; the median of those, and their range.
 */
export function ratioOf(ours, theirs) {
  const at = new Map(ours.rounds.map(({ round, ms }) => [round, median(ms)]))
  const ratios = theirs.rounds
    .filter(({ round }) => at.has(round))
    .map(({ round, ms }) => median(ms) / at.get(round))
    .toSorted((a, b) => a - b)
  if (ratios.length === 0) return null
  return { ratio: middle(ratios), low: ratios[0], high: ratios.at(-1), rounds: ratios.length }
}

export function median(numbers) {
  return middle(numbers.toSorted((a, b) => a - b))
}

function middle(sorted) {
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
