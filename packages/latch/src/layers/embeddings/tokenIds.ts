/** Token ids on their way into a network: checked, and with word dropout, which turns ids into the unknown token. */
import type { Pointer } from '../../engine/kernels.ts'
import { hash32, mixKey } from '../../core/random.ts'
import { DataError, ShapeError } from '../../core/errors.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Capacity, Context, Pass } from '../layer.ts'

/** Ids as training sees them: with word dropout. */
export class TokenIds {
  readonly #context: Context
  readonly #vocabulary: number
  readonly #rate: number
  #own: Pointer = 0

  constructor(context: Context, vocabulary: number, rate: number) {
    this.#context = context
    this.#vocabulary = vocabulary
    this.#rate = rate
  }

  plan({ rows }: Capacity): void {
    this.#own = this.#context.engine.memory.ints(rows, 'token ids')
  }

  get own(): Pointer {
    return this.#own
  }

  load(batch: Pick<PackedBatch, 'ids' | 'rows'>, pass: Pass): void {
    if (!batch.ids) {
      throw new ShapeError({ where: 'network input', expected: 'token ids', got: 'features' })
    }
    const { memory } = this.#context.engine
    const own = memory.viewInts(this.#own, batch.rows)
    const drops = pass.training && this.#rate > 0
    const threshold = Math.floor(this.#rate * 2 ** 32)
    const key = mixKey(pass.key, 'words')
    for (let r = 0; r < batch.rows; r++) {
      const id = batch.ids[r]
      if (!(id >= 0 && id < this.#vocabulary)) this.#throwUnknownId(id)
      own[r] = drops && hash32(hash32(r) ^ key) < threshold ? 0 : id
    }
  }

  #throwUnknownId(id: number): never {
    const expected = `an id in 0..${this.#vocabulary - 1}`
    throw new DataError({
      where: 'network input',
      expected,
      got: `${id}`,
      remedy: 'Encode with the model’s vocabulary.',
    })
  }
}
