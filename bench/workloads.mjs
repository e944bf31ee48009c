// The workloads every engine runs: sizes as in the kernel notes. B batch, T timesteps, F features, H units.
export const workloads = {
  W1: { what: 'LSTM training step', kind: 'train', cell: 'lstm', B: 32, T: 100, F: 64, H: 128 },
  W2: { what: 'GRU training step', kind: 'train', cell: 'gru', B: 32, T: 100, F: 64, H: 128 },
  W3: { what: 'SimpleRNN training step', kind: 'train', cell: 'rnn', B: 32, T: 100, F: 64, H: 128 },
  W4: { what: 'LSTM training step', kind: 'train', cell: 'lstm', B: 64, T: 64, F: 256, H: 512 },
  W5: { what: 'LSTM inference', kind: 'infer', cell: 'lstm', B: 1, T: 200, F: 64, H: 128 },
  W7: { what: 'LSTM inference', kind: 'infer', cell: 'lstm', B: 64, T: 100, F: 128, H: 256 },
}

export const classes = 10
