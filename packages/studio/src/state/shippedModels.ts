/** The models that the studio ships. */
export const SHIPPED_MODELS = [
  { path: 'models/comments-rnn.safetensors', name: 'RNN', task: 'comments' },
  { path: 'models/comments-lstm.safetensors', name: 'LSTM', task: 'comments' },
  { path: 'models/comments-gru.safetensors', name: 'GRU', task: 'comments' },
  { path: 'models/facts-rnn.safetensors', name: 'RNN', task: 'facts' },
  { path: 'models/facts-lstm.safetensors', name: 'LSTM', task: 'facts' },
  { path: 'models/facts-gru.safetensors', name: 'GRU', task: 'facts' },
  { path: 'models/next-rnn.safetensors', name: 'RNN', task: 'next' },
  { path: 'models/next-lstm.safetensors', name: 'LSTM', task: 'next' },
] as const

/** The address of a model that the studio ships. */
export function modelAddress(name: string): string {
  return new URL(`models/${name}.safetensors`, document.baseURI).href
}
