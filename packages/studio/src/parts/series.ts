/** What a LineChart draws. */
export interface Series {
  name: string
  colour: string
  /** Pattern of dashes, so that lines differ in more than colour. */
  dash?: string
  points: readonly { x: number; y: number; low?: number; high?: number }[]
}

/** The cells in the order, colour and dash they have in every chart. */
export const CELL_LINES: Record<string, { name: string; colour: string; dash?: string }> = {
  ann: { name: 'ANN', colour: 'var(--cell-ann)', dash: '1 3' },
  rnn: { name: 'RNN', colour: 'var(--cell-rnn)', dash: '6 3' },
  lstm: { name: 'LSTM', colour: 'var(--cell-lstm)' },
  gru: { name: 'GRU', colour: 'var(--cell-gru)', dash: '2 3' },
}
