// An ONNX file of one LSTM node with random weights, written byte by byte (protobuf, onnx.proto3).
// Inputs X (T, B, F), h0 and c0 (1, B, H); outputs Y (T, 1, B, H), h and c (1, B, H).
import { randomFloats } from './measure.mjs'

const FLOAT = 1
const INT = 2
const IR_VERSION = 8
const OPSET = 14

/** The bytes of the model. */
export function onnxLstm({ T, B, F, H }) {
  const reach = 1 / Math.sqrt(H)
  const weights = { W: [1, 4 * H, F], R: [1, 4 * H, H], bias: [1, 8 * H] }
  const state = [1, B, H]
  const node = message(
    ...['X', 'W', 'R', 'bias', '', 'h0', 'c0'].map((name) => text(1, name)),
    ...['Y', 'h', 'c'].map((name) => text(2, name)),
    text(4, 'LSTM'),
    nested(5, text(1, 'hidden_size'), whole(3, H), whole(20, INT)),
  )
  const graph = message(
    nested(1, node),
    text(2, 'lstm'),
    ...Object.entries(weights).map(([name, shape]) => nested(5, tensor(name, shape, reach))),
    ...Object.entries({ X: [T, B, F], h0: state, c0: state }).map(([name, shape]) =>
      nested(11, value(name, shape)),
    ),
    ...Object.entries({ Y: [T, 1, B, H], h: state, c: state }).map(([name, shape]) =>
      nested(12, value(name, shape)),
    ),
  )
  return message(whole(1, IR_VERSION), nested(7, graph), nested(8, text(1, ''), whole(2, OPSET)))
}

function tensor(name, shape, reach) {
  const numbers = randomFloats(
    shape.reduce((a, b) => a * b),
    reach,
  )
  const raw = new Uint8Array(numbers.buffer)
  return message(...shape.map((n) => whole(1, n)), whole(2, FLOAT), text(8, name), bytes(9, raw))
}

function value(name, shape) {
  const dimensions = nested(2, ...shape.map((n) => nested(1, whole(1, n))))
  return message(text(1, name), nested(2, nested(1, whole(1, FLOAT), dimensions)))
}

/** Protobuf's integers: seven bits a byte, the lowest first. */
function varint(n) {
  const out = []
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128)
  return Uint8Array.from([...out, n])
}

function message(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function whole(field, n) {
  return message(varint(field * 8), varint(n))
}

function bytes(field, content) {
  return message(varint(field * 8 + 2), varint(content.length), content)
}

function text(field, words) {
  return bytes(field, new TextEncoder().encode(words))
}

function nested(field, ...parts) {
  return bytes(field, message(...parts))
}
