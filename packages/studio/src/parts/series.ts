/** One line of a LineChart. */
export interface Series {
  name: string
  colour: string
  /** Dash pattern, so that lines differ in more than colour. */
  dash?: string
  points: readonly { x: number; y: number; low?: number; high?: number }[]
}

/** Order, colour and dash pattern of the cells in every chart. */
export const CELL_LINES: Record<string, { name: string; colour: string; dash?: string }> = {
  ann: { name: 'ANN', colour: 'var(--cell-ann)', dash: '1 3' },
  rnn: { name: 'RNN', colour: 'var(--cell-rnn)', dash: '6 3' },
  lstm: { name: 'LSTM', colour: 'var(--cell-lstm)' },
  gru: { name: 'GRU', colour: 'var(--cell-gru)', dash: '2 3' },
}
