/**
 * Inference step by step: a stream takes one step at a time, carries the states of all recurrent layers,
 * and answers as the network would if the sequence ended there, to the bit. Many streams at once go as one
 * batch. A push allocates its result and nothing else.
 */
import { ShapeError, UsageError } from '../../core/errors.ts'
import { loadRow, storeRow, type StreamValues, type StreamRunner } from './streamRunner.ts'
import { restoreRows, saveRows, type StreamState } from './streamState.ts'

/** The output of a push, in the engine's precision. */
export type StreamOutput = Float32Array | Float64Array

const MOST_STREAMS = 2 ** 20

/**
 * One sequence, step by step; made by `network.stream()`. It needs no closing, and sees new weights at once.
 * Streams of a network compute one after the other on the calling thread.
 * @example
 * const stream = net.stream()
 * for (const x of steps) console.log(stream.push(x)[0])
 */
export class Stream {
  readonly #runner: StreamRunner
  readonly #state: StreamValues
  #steps = 0

  /** By `network.stream()`. */
  constructor(runner: StreamRunner) {
    this.#runner = runner
    this.#state = runner.open(1)
  }

  /** Steps pushed since the beginning or the last reset. */
  get steps(): number {
    return this.#runner.program && this.#steps
  }

  /**
   * Takes one step and returns the network's output (C) for the sequence so far: a new list for each push.
   * @param step a token id where the network's input is ids, else the step's features (F)
   * @throws ShapeError for a step of another kind or width, DataError for an id outside the vocabulary;
   * the stream stays where it was
   */
  push(step: number | ArrayLike<number>): StreamOutput {
    const program = this.#runner.activate(this.#state)
    program.input.write(step)
    program.run(1)
    this.#steps++
    return program.output.row(0).slice()
  }

  /** Back to the beginning: all states zero. */
  reset(): void {
    this.#runner.discard(this.#state)
    for (const values of this.#state.values) values.fill(0)
    this.#steps = 0
  }

  /** The state as plain data, for JSON or a database. */
  save(): StreamState {
    this.#runner.flush(this.#state)
    return saveRows(this.#runner.program.states, this.#state, [this.#steps], 0, 1)
  }

  /**
   * Goes on where a stream of the same network stood when it was saved, to the same bits on the same engine.
   * @throws ShapeError for a state of another network or of several streams; UsageError for anything but a saved state
   */
  restore(saved: StreamState): void {
    restoreRows(this.#runner.program.states, this.#state, saved, 0, 1)
    this.#runner.discard(this.#state)
    this.#steps = saved.steps[0]
  }
}

/**
 * Many sequences step by step as one batch; made by `network.streams(count)`. Each answers as it would alone,
 * to the bit.
 */
export class Streams {
  /** How many. */
  readonly count: number
  readonly #runner: StreamRunner
  readonly #state: StreamValues
  /** The last output of each stream (count, C). */
  readonly #output: StreamOutput
  readonly #steps: Float64Array
  /** Numbers of the streams that take part in a push. */
  readonly #active: Int32Array

  /** By `network.streams(count)`. @throws UsageError unless it is a whole number from 1 to 2^20 */
  constructor(runner: StreamRunner, count: number) {
    if (!(Number.isInteger(count) && count >= 1 && count <= MOST_STREAMS)) {
      const expected = `a whole number from 1 to ${MOST_STREAMS}`
      throw new UsageError({ where: 'network.streams', expected, got: String(count) })
    }
    this.count = count
    this.#runner = runner
    this.#state = runner.open(count)
    this.#output = runner.outputs(count)
    this.#steps = new Float64Array(count)
    this.#active = new Int32Array(count)
  }

  /** Steps that stream `i` has taken since the beginning or its last reset. */
  stepsOf(i: number): number {
    return this.#steps[this.#checked(i)]
  }

  /**
   * One step of each stream; returns all outputs (count, C), row-major: a new list for each push.
   * @param steps token ids (count), or features (count, F), row-major
   * @param active whose turn it is (count), by default everybody's. The others stay where they are: their part
   * of `steps` is not read, their rows of the output are those of the push before, and they cost nothing.
   * @throws ShapeError for a list of another length, DataError for an id outside the vocabulary; all streams
   * stay where they were
   */
  push(steps: ArrayLike<number>, active?: ArrayLike<number | boolean>): StreamOutput {
    if (active !== undefined) return this.#pushSome(steps, active)
    const { count } = this
    const program = this.#runner.activate(this.#state)
    program.input.writeAll(steps, count)
    program.run(count)
    for (let i = 0; i < count; i++) {
      this.#steps[i]++
      this.#output.set(program.output.row(i), i * program.output.width)
    }
    return this.#output.slice()
  }

  #pushSome(steps: ArrayLike<number>, active: ArrayLike<number | boolean>): StreamOutput {
    const { count } = this
    const { input, states: slots } = this.#runner.program
    if (active.length !== count) {
      throw new ShapeError({
        where: 'streams.push, active',
        expected: `${count} of them`,
        got: `${active.length}`,
      })
    }
    input.check(steps, count)
    const program = this.#runner.activateNone()
    let rows = 0
    for (let i = 0; i < count; i++) {
      if (!active[i]) continue
      input.writeRow(rows, steps, i)
      loadRow(slots, rows, this.#state, i)
      this.#active[rows++] = i
    }
    if (rows === 0) return this.#output.slice()
    program.run(rows)
    for (let row = 0; row < rows; row++) {
      const i = this.#active[row]
      storeRow(slots, this.#state, i, row)
      this.#steps[i]++
      this.#output.set(program.output.row(row), i * program.output.width)
    }
    return this.#output.slice()
  }

  /** Stream `i`, or all, back to the beginning. */
  reset(i?: number): void {
    const [first, end] = i === undefined ? [0, this.count] : [this.#checked(i), i + 1]
    this.#runner.detach(this.#state)
    this.#runner.program.states.forEach(({ stride }, k) =>
      this.#state.values[k].fill(0, first * stride, end * stride),
    )
    this.#steps.fill(0, first, end)
  }

  /** The state of all streams as plain data, or that of stream `i`, which a `Stream` can go on with. */
  save(i?: number): StreamState {
    const [first, rows] = i === undefined ? [0, this.count] : [this.#checked(i), 1]
    this.#runner.flush(this.#state)
    return saveRows(this.#runner.program.states, this.#state, this.#steps, first, rows)
  }

  /**
   * All streams, or stream `i`, go on where they stood when they were saved.
   * @throws ShapeError for a state of another network or number of streams; UsageError for anything but a saved state
   */
  restore(saved: StreamState, i?: number): void {
    const [first, rows] = i === undefined ? [0, this.count] : [this.#checked(i), 1]
    this.#runner.detach(this.#state)
    restoreRows(this.#runner.program.states, this.#state, saved, first, rows)
    this.#steps.set(saved.steps, first)
  }

  #checked(i: number): number {
    if (this.#runner.program && Number.isInteger(i) && i >= 0 && i < this.count) return i
    throw new UsageError({ where: 'streams', expected: `a number below ${this.count}`, got: String(i) })
  }
}
