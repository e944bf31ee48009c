/**
 * The cell diagrams as data: boxes with weights, pointwise operators, wires, and tags for the vectors on the wires. One
 * layout each for RNN and LSTM, two for the GRU (reset after and before).
 */

import { functionSymbol, type Functions } from './vectors.ts'

/** A vector on a wire. */
export interface Tag {
  /** The vector; see wires.ts. */
  key: string
  symbol: string
  name: string
  x: number
  y: number
  /** The value of the trace whose arithmetic explains this number. */
  picks: string
  /** Whether it belongs to the step before. */
  before?: boolean
  /** The factors of a product whose vector is not known: two keys around the sign. */
  from?: readonly [string, '×' | '1−', string]
}

/** A box with weights: a gate or a candidate. */
export interface Box {
  x: number
  y: number
  text: string
  /** Its weights, shown below the box, and what they are multiplied by. */
  weight: string
  times: 'both' | 'state' | 'input' | null
  /** Shows the weight below the box if a wire leaves at its right, or beside the wire below a wide box. */
  below?: boolean | 'wire'
}

/** A pointwise operator. */
export interface Operator {
  x: number
  y: number
  /** ×, +, 1−, or a function. */
  text: string
}

export interface Wire {
  d: string
  /** The tag on it; null: a branch without a tag. */
  tag: string | null
  belt?: boolean
  arrow?: boolean
}

export interface Layout {
  width: number
  height: number
  boxes: readonly Box[]
  operators: readonly Operator[]
  /** Where [h₋₁, x] is concatenated. */
  joins: readonly { x: number; y: number; text: string; below: string }[]
  wires: readonly Wire[]
  tags: readonly Tag[]
  notes: readonly { x: number; y: number; text: string; anchor?: 'start' | 'middle' | 'end' }[]
  equations: readonly string[]
}

const lstm: Layout = {
  width: 900,
  height: 500,
  boxes: [
    { x: 250, y: 340, text: 'σ', weight: 'W_f', times: 'both' },
    { x: 380, y: 340, text: 'σ', weight: 'W_i', times: 'both' },
    { x: 510, y: 340, text: 'tanh', weight: 'W_g', times: 'both' },
    { x: 640, y: 340, text: 'σ', weight: 'W_o', times: 'both' },
  ],
  operators: [
    { x: 250, y: 62, text: '×' },
    { x: 510, y: 62, text: '+' },
    { x: 510, y: 186, text: '×' },
    { x: 760, y: 124, text: 'tanh' },
    { x: 760, y: 246, text: '×' },
  ],
  joins: [{ x: 150, y: 428, text: '[h₋₁, x]', below: 'concatenated' }],
  wires: [
    { d: 'M14 62H238', tag: 'previousCell', belt: true },
    { d: 'M262 62H498', tag: 'kept', belt: true },
    { d: 'M522 62H888', tag: 'cell', belt: true, arrow: true },
    { d: 'M14 428H150', tag: 'previousHidden' },
    { d: 'M150 492V428', tag: 'x' },
    { d: 'M150 428H640M250 428V358M380 428V358M510 428V358M640 428V358', tag: null },
    { d: 'M250 322V74', tag: 'forget', arrow: true },
    { d: 'M380 322V186H498', tag: 'input', arrow: true },
    { d: 'M510 322V198', tag: 'candidate', arrow: true },
    { d: 'M510 174V74', tag: 'written', arrow: true },
    { d: 'M640 322V246H748', tag: 'output', arrow: true },
    { d: 'M760 62V110', tag: 'cell' },
    { d: 'M760 138V234', tag: 'saved', arrow: true },
    { d: 'M760 258V428H886', tag: 'hidden', arrow: true },
    { d: 'M850 428V14', tag: 'hidden', arrow: true },
  ],
  tags: [
    {
      key: 'previousCell',
      symbol: 'c₋₁',
      name: 'cell state before',
      x: 110,
      y: 62,
      picks: 'cell',
      before: true,
    },
    {
      key: 'kept',
      symbol: 'f∘c₋₁',
      name: 'kept part',
      x: 380,
      y: 62,
      picks: 'cell',
      from: ['forget', '×', 'previousCell'],
    },
    { key: 'cell', symbol: 'c', name: 'cell state', x: 640, y: 62, picks: 'cell' },
    {
      key: 'previousHidden',
      symbol: 'h₋₁',
      name: 'hidden state before',
      x: 70,
      y: 428,
      picks: 'hidden',
      before: true,
    },
    { key: 'x', symbol: 'x', name: 'input', x: 220, y: 474, picks: 'x' },
    { key: 'forget', symbol: 'f', name: 'forget gate', x: 250, y: 250, picks: 'forget' },
    { key: 'input', symbol: 'i', name: 'input gate', x: 380, y: 250, picks: 'input' },
    { key: 'candidate', symbol: 'g', name: 'candidate', x: 510, y: 250, picks: 'candidate' },
    {
      key: 'written',
      symbol: 'i∘g',
      name: 'written part',
      x: 510,
      y: 124,
      picks: 'cell',
      from: ['input', '×', 'candidate'],
    },
    { key: 'output', symbol: 'o', name: 'output gate', x: 640, y: 284, picks: 'output' },
    { key: 'saved', symbol: 'tanh(c)', name: 'tanh of the cell state', x: 760, y: 186, picks: 'saved' },
    { key: 'hidden', symbol: 'h', name: 'hidden state', x: 760, y: 388, picks: 'hidden' },
  ],
  notes: [
    { x: 14, y: 26, text: 'the cell state passes through all steps' },
    { x: 842, y: 26, text: 'h is the input of the next layer', anchor: 'end' },
  ],
  equations: [
    'f, i, o = σ(W·[h₋₁, x] + b)',
    'g = tanh(W_g·[h₋₁, x] + b_g)',
    'c = f∘c₋₁ + i∘g',
    'h = o∘tanh(c)',
  ],
}

const GRU_BELT = [
  { d: 'M14 56H238', tag: 'previousHidden', belt: true },
  { d: 'M262 56H718', tag: 'kept', belt: true },
  { d: 'M742 56H888', tag: 'hidden', belt: true, arrow: true },
  { d: 'M42 56V444H150', tag: 'previousHidden' },
  { d: 'M150 532V444', tag: 'x' },
  { d: 'M150 444H400M250 444V398M400 444V398', tag: null },
  { d: 'M250 362V68', tag: 'update', arrow: true },
  { d: 'M250 160H308', tag: 'update' },
  { d: 'M332 160H718', tag: 'open', arrow: true },
  { d: 'M730 148V68', tag: 'written', arrow: true },
  { d: 'M730 242V172', tag: 'candidate', arrow: true },
  { d: 'M862 56V14', tag: 'hidden', arrow: true },
] as const satisfies readonly Wire[]

const GRU_TAGS: readonly Tag[] = [
  {
    key: 'previousHidden',
    symbol: 'h₋₁',
    name: 'hidden state before',
    x: 120,
    y: 56,
    picks: 'hidden',
    before: true,
  },
  {
    key: 'kept',
    symbol: 'z∘h₋₁',
    name: 'kept part',
    x: 480,
    y: 56,
    picks: 'hidden',
    from: ['update', '×', 'previousHidden'],
  },
  { key: 'hidden', symbol: 'h', name: 'hidden state', x: 802, y: 56, picks: 'hidden' },
  { key: 'x', symbol: 'x', name: 'input', x: 86, y: 510, picks: 'x' },
  { key: 'update', symbol: 'z', name: 'update gate', x: 250, y: 290, picks: 'update' },
  {
    key: 'open',
    symbol: '1 − z',
    name: 'fraction of the new',
    x: 500,
    y: 160,
    picks: 'update',
    from: ['1', '1−', 'update'],
  },
  { key: 'reset', symbol: 'r', name: 'reset gate', x: 400, y: 320, picks: 'reset' },
  {
    key: 'written',
    symbol: '(1−z)∘n',
    name: 'written part',
    x: 730,
    y: 108,
    picks: 'hidden',
    from: ['open', '×', 'candidate'],
  },
  { key: 'candidate', symbol: 'n', name: 'candidate', x: 730, y: 207, picks: 'candidate' },
]

const GRU_OPERATORS: readonly Operator[] = [
  { x: 250, y: 56, text: '×' },
  { x: 730, y: 56, text: '+' },
  { x: 320, y: 160, text: '1−' },
  { x: 730, y: 160, text: '×' },
]

const GRU_GATES: readonly Box[] = [
  { x: 250, y: 380, text: 'σ', weight: 'W_z', times: 'both' },
  { x: 400, y: 380, text: 'σ', weight: 'W_r', times: 'both' },
]

export const Z_KEEPS = 'h = z∘h₋₁ + (1−z)∘n  (z keeps the past)'

const gruAfter: Layout = {
  width: 900,
  height: 540,
  boxes: [
    ...GRU_GATES,
    { x: 550, y: 380, text: 'U_n·h₋₁ + b', weight: 'U_n', times: 'state' },
    { x: 730, y: 380, text: 'W_n·x + b', weight: 'W_n', times: 'input' },
    { x: 730, y: 260, text: 'tanh', weight: '', times: null },
  ],
  operators: [...GRU_OPERATORS, { x: 550, y: 260, text: '×' }],
  joins: [{ x: 150, y: 444, text: '[h₋₁, x]', below: 'concatenated' }],
  wires: [
    ...GRU_BELT,
    { d: 'M42 444V472H550V398', tag: 'previousHidden' },
    { d: 'M150 500H730V398', tag: 'x' },
    { d: 'M400 362V260H538', tag: 'reset', arrow: true },
    { d: 'M550 362V272', tag: 'saved', arrow: true },
    { d: 'M562 260H702', tag: 'resetState', arrow: true },
    { d: 'M730 362V278', tag: null, arrow: true },
  ],
  tags: [
    ...GRU_TAGS,
    {
      key: 'saved',
      symbol: 'U_n·h₋₁+b',
      name: 'recurrent part of the candidate',
      x: 550,
      y: 320,
      picks: 'saved',
    },
    {
      key: 'resetState',
      symbol: 'r∘(U_n·h₋₁+b)',
      name: 'recurrent part after the reset',
      x: 634,
      y: 260,
      picks: 'candidate',
      from: ['reset', '×', 'saved'],
    },
  ],
  notes: [
    { x: 853, y: 20, text: 'h is the input of the next layer', anchor: 'end' },
    { x: 745, y: 330, text: '+ inside tanh' },
  ],
  equations: [
    'z, r = σ(W·[h₋₁, x] + b)',
    'n = tanh(W_n·x + b + r∘(U_n·h₋₁ + b))  (reset after the product)',
    Z_KEEPS,
  ],
}

const gruBefore: Layout = {
  width: 900,
  height: 540,
  boxes: [...GRU_GATES, { x: 730, y: 260, text: 'tanh', weight: 'W_n', times: 'both' }],
  operators: [...GRU_OPERATORS, { x: 520, y: 260, text: '×' }],
  joins: [
    { x: 150, y: 444, text: '[h₋₁, x]', below: 'concatenated' },
    { x: 730, y: 400, text: '[r∘h₋₁, x]', below: 'concatenated' },
  ],
  wires: [
    ...GRU_BELT,
    { d: 'M42 444V472H520V272', tag: 'previousHidden', arrow: true },
    { d: 'M150 500H730V400', tag: 'x' },
    { d: 'M400 362V260H508', tag: 'reset', arrow: true },
    { d: 'M532 260H630V400H730', tag: 'saved' },
    { d: 'M730 400V278', tag: null, arrow: true },
  ],
  tags: [
    ...GRU_TAGS,
    { key: 'saved', symbol: 'r∘h₋₁', name: 'recurrent part after the reset', x: 622, y: 320, picks: 'saved' },
  ],
  notes: [{ x: 853, y: 20, text: 'h is the input of the next layer', anchor: 'end' }],
  equations: [
    'z, r = σ(W·[h₋₁, x] + b)',
    'n = tanh(W_n·[r∘h₋₁, x] + b)  (reset before the product)',
    Z_KEEPS,
  ],
}

const rnn: Layout = {
  width: 640,
  height: 250,
  boxes: [{ x: 340, y: 110, text: 'tanh', weight: 'W', times: 'both', below: true }],
  operators: [],
  joins: [{ x: 190, y: 110, text: '[h₋₁, x]', below: '' }],
  wires: [
    { d: 'M14 110H190', tag: 'previousHidden' },
    { d: 'M190 242V110', tag: 'x' },
    { d: 'M190 110H312', tag: null, arrow: true },
    { d: 'M368 110H626', tag: 'hidden', arrow: true },
    { d: 'M580 110V14', tag: 'hidden', arrow: true },
  ],
  tags: [
    {
      key: 'previousHidden',
      symbol: 'h₋₁',
      name: 'hidden state before',
      x: 80,
      y: 110,
      picks: 'hidden',
      before: true,
    },
    { key: 'x', symbol: 'x', name: 'input', x: 190, y: 195, picks: 'x' },
    { key: 'hidden', symbol: 'h', name: 'hidden state', x: 480, y: 110, picks: 'hidden' },
  ],
  notes: [{ x: 570, y: 24, text: 'h is the input of the next layer', anchor: 'end' }],
  equations: ['h = tanh(W·[h₋₁, x] + b)'],
}

export function cellLayout(
  cell: 'rnn' | 'lstm' | 'gru',
  reset: 'after' | 'before',
  functions?: Functions,
): Layout {
  const layout = cell === 'lstm' ? lstm : cell === 'rnn' ? rnn : reset === 'before' ? gruBefore : gruAfter
  return functions ? withFunctions(layout, functions) : layout
}

/** The same layout with other functions and options. */
function withFunctions(layout: Layout, functions: Functions): Layout {
  const { peepholes, coupled, clip } = functions
  const [gate, candidate, state] = [functions.gate, functions.candidate, functions.state].map(functionSymbol)
  const named = (text: string): string =>
    text.replace('tanh(c)', `${state}(c)`).replace('tanh', candidate).replace('σ', gate)
  const options = [
    ...(coupled ? ['f = 1 − i (coupled gates)'] : []),
    ...(peepholes ? ['f and i also depend on p∘c₋₁, o on p∘c (peepholes)'] : []),
    ...(clip === null ? [] : [`inputs of the functions are clipped to ±${clip}`]),
  ]
  // There is no space beside wide boxes.
  const wide = layout.boxes.some(({ text, times }) => times === 'both' && named(text).length > 4)
  return {
    ...layout,
    boxes: layout.boxes.map((box) => {
      const moves = wide && box.times === 'both' && !box.below
      return { ...box, text: named(box.text), ...(moves ? { below: 'wire' as const } : {}) }
    }),
    operators: layout.operators.map((one) => ({ ...one, text: one.text === 'tanh' ? state : one.text })),
    tags: layout.tags.map((tag) => ({
      ...tag,
      symbol: tag.symbol.replace('tanh(c)', `${state}(c)`),
      name: tag.name.replace('tanh of', `${state} of`),
    })),
    notes: layout.notes.map((note) => ({ ...note, text: named(note.text) })),
    equations: [...layout.equations.map(named), ...options],
  }
}

/** Splits a text at its subscripts: `W_f·x` becomes W, f (subscript), ·x. */
export function subscripts(text: string): { text: string; sub: boolean }[] {
  return text
    .split(/(_[a-z])/)
    .filter(Boolean)
    .map((part) => (part.startsWith('_') ? { text: part.slice(1), sub: true } : { text: part, sub: false }))
}
