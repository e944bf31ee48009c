/** What every reader of sentences takes and gives. */

/** Which columns hold what: a name, or a number from 0. */
export interface SentenceColumns {
  /** Default: `form` of CoNLL-U, else the first column; of JSON and tables the one that is called so. */
  tokens?: string
  /** Default: `upos` of CoNLL-U, else the last column, or the one that is called so. False: no tags are read. */
  tags?: string | false
  /** Of a table with a token in each row: the column that says which sentence it is of. Default: the one that is called so. */
  sentence?: string
}

/** A sentence before it is checked. */
export interface RawSentence {
  tokens: string[]
  tags: string[] | null
  place: string
}
