/** Sentences with their tags, as the batches that training asks for. */
import type { Dataset, Sample } from '../../training/dataset.ts'
import { packSequences } from '../encoding.ts'
import type { EncodedSequence } from '../model.ts'
import { encodeTokens, type TaggerLearned, type TagItem } from './learned.ts'

/** Encoded sentences with a class for each token. */
export class TagDataset implements Dataset {
  readonly lengths: Int32Array
  readonly #learned: TaggerLearned
  readonly #encoded: readonly Pick<EncodedSequence, 'ids' | 'features' | 'steps'>[]
  readonly #classes: readonly Int32Array[]
  /** Of whole sentences, where they have labels. */
  readonly #labels: Int32Array | null

  constructor(learned: TaggerLearned, items: readonly TagItem[]) {
    this.#learned = learned
    this.#encoded = items.map(({ tokens }) => {
      const { ids, features, steps } = encodeTokens(learned, tokens)
      return { ids, features, steps }
    })
    this.#classes = items.map(({ classes }) => classes)
    this.#labels = learned.sentenceLabels && Int32Array.from(items, (item) => item.class)
    this.lengths = Int32Array.from(items, ({ tokens }) => tokens.length)
  }

  get size(): number {
    return this.lengths.length
  }

  batch(rows: Int32Array): Sample {
    const own = Array.from(rows, (row) => this.#encoded[row])
    const stepClasses = Array.from(rows, (row) => this.#classes[row])
    const classes = this.#labels && { classes: Int32Array.from(rows, (row) => this.#labels![row]) }
    return { batch: packSequences(own, this.#learned.input), targets: { stepClasses, ...classes } }
  }
}
