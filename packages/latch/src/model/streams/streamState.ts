/** A stream's state as plain data: what `save` gives and `restore` takes, and what is checked of it. */
import { ShapeError, UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { StateSlot } from '../../layers/streamRows.ts'
import type { StreamValues } from './streamRunner.ts'

const VERSION = 1

/** The state of one stream or many, as JSON can carry it without changing a number. */
export interface StreamState {
  version: typeof VERSION
  /** Steps pushed since the beginning or a reset, of each stream. */
  steps: number[]
  /** `recurrent.0.hidden`, `recurrent.0.cell` …, lowest layer first. */
  states: {
    name: string
    /** (streams, width) */
    shape: [number, number]
    /** Row-major. */
    values: number[]
  }[]
}

/** Rows `first` … `first + count − 1` as plain data. */
export function saveRows(
  slots: readonly StateSlot[],
  state: StreamValues,
  steps: ArrayLike<number>,
  first: number,
  count: number,
): StreamState {
  const states = slots.map(({ name, width, stride }, k) => {
    const values: number[] = []
    for (let row = first; row < first + count; row++)
      for (let j = 0; j < width; j++) values.push(state.values[k][row * stride + j])
    return { name, shape: [count, width] as [number, number], values }
  })
  return { version: VERSION, steps: Array.from(steps).slice(first, first + count), states }
}

/**
 * Writes plain data to rows `first` … `first + count − 1`; all is checked before anything is written.
 * @throws ShapeError for a state of another network or of another number of streams; UsageError for anything but a saved state
 */
export function restoreRows(
  slots: readonly StateSlot[],
  state: StreamValues,
  saved: StreamState,
  first: number,
  count: number,
): void {
  check(slots, saved, count)
  slots.forEach(({ width, stride }, k) => {
    const { values } = saved.states[k]
    for (let i = 0; i < count * width; i++)
      state.values[k][(first + Math.floor(i / width)) * stride + (i % width)] = values[i]
  })
}

const where = 'stream.restore'

function check(slots: readonly StateSlot[], saved: StreamState, count: number): void {
  if (typeof saved !== 'object' || saved === null || saved.version !== VERSION) {
    const version = (saved as Partial<StreamState> | null)?.version
    const got = version === undefined ? describe(saved) : `version ${String(version)}`
    throw new UsageError({ where, expected: `a saved state of version ${VERSION}`, got })
  }
  const { steps, states } = saved
  if (!Array.isArray(steps) || !Array.isArray(states)) {
    throw new UsageError({ where, expected: 'steps and states', got: describe(steps) })
  }
  if (steps.length !== count) {
    throw new ShapeError({ where, expected: streams(count), got: streams(steps.length) })
  }
  const wrong = steps.find((n) => !(Number.isSafeInteger(n) && n >= 0))
  if (wrong !== undefined)
    throw new UsageError({ where, expected: 'whole numbers of steps', got: describe(wrong) })
  const wanted = slots.map(({ name, width }) => `${name} (${count}, ${width})`).join(', ')
  const given = states
    .map((state) => `${String(state?.name)} (${[...(state?.shape ?? [])].join(', ')})`)
    .join(', ')
  if (given !== wanted) {
    const remedy = 'Restore it into a stream of the network that it was saved from.'
    throw new ShapeError({ where, expected: wanted || 'no states', got: given || 'no states', remedy })
  }
  slots.forEach(({ name, width }, k) => checkValues(name, states[k].values, count * width))
}

function checkValues(name: string, values: ArrayLike<number>, count: number): void {
  if (values?.length !== count) {
    const got = values === undefined || values === null ? 'none' : String(values.length)
    throw new ShapeError({ where: `${where}, ${name}`, expected: `${count} numbers`, got })
  }
  for (let i = 0; i < count; i++) {
    if (Number.isFinite(values[i])) continue
    throw new UsageError({ where: `${where}, ${name}[${i}]`, expected: 'a number', got: describe(values[i]) })
  }
}

function streams(count: number): string {
  return `${count} stream${count === 1 ? '' : 's'}`
}
