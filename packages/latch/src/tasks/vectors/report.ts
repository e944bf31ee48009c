/** What `fit` reports about pretrained word vectors. */

/** A part of something. */
export interface Coverage {
  covered: number
  total: number
}

/** How much of the training rows the vectors cover. */
export interface VectorsReport {
  /** The file's name; null for vectors that were given as an object or a map. */
  source: string | null
  /** Numbers of a vector. */
  width: number
  /** Vectors in the source. */
  rows: number
  /** Words of the training rows in the vocabulary that have a vector, without the unknown word. */
  vocabulary: Coverage
  /** Words of the vocabulary that no training row has (`unseen` of `openVectors`). */
  unseen: number
  /** Tokens of the training rows whose word has a vector. */
  tokens: Coverage
  /** Words that the source has in another case only. */
  otherCase: number
  /** Further vectors of words that had one: the first counts. */
  duplicates: number
}
