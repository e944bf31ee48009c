/** What every reader of sentences takes and gives. */

/** Which columns hold what: a name, or a number from 0. */
export interface SentenceColumns {
  /** Default: `form` of CoNLL-U, else the first column; of JSON and tables the one that is called so. */
  tokens?: string
  /** Default: `upos` of CoNLL-U, else the last column, or the one that is called so. False: no tags are read. */
  tags?: string | false
  /**
   * Where a label of the whole sentence is, such as its intent: of JSON and tables a column (of tokens in rows, in the first of
   * the sentence), of CoNLL files the name of a comment, `# intent = greet`. Default: no labels are read.
   */
  label?: string
  /** Of a table with a token in each row: the column that says which sentence it is of. Default: the one that is called so. */
  sentence?: string
}

/** A sentence before it is checked. */
export interface RawSentence {
  tokens: string[]
  tags: string[] | null
  /** Null: none is asked for. */
  label: string | null
  place: string
}
