/** What is drawn for a made-up file: numbers, names and shapes at the edges, and changes of any tree of values. */
import { randomOf } from '../random.mjs'

const NUMBERS = [
  0,
  1,
  2,
  3,
  -1,
  -2,
  0.5,
  127,
  128,
  255,
  256,
  1000,
  65_535,
  65_536,
  1_000_000,
  1e9,
  -(2 ** 31),
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  -0,
]
const NAMES = [
  '',
  ' ',
  '0',
  '-1',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '../x',
  '/etc/hosts',
  'a/../../b',
  'a\0b',
  '\ud800',
  '\u202e',
  '\u001b[2J',
  '.',
  '*',
  '%s',
  'é',
  'x'.repeat(300),
  'y'.repeat(100_000),
]
/** JSON's text for values that JSON.stringify never writes. */
const RAW = [
  '1e999',
  '-1e999',
  '1e-999',
  '-0',
  '123456789012345678901234567890',
  '"\\ud800"',
  '"\\u0000"',
  '1E400',
  'NaN',
]

/** Text that goes into JSON as it is; a map, which a copy of a tree keeps. */
export function raw(text) {
  return new Map([['raw', text]])
}

export class Draw {
  constructor(seed) {
    this.random = randomOf(seed)
    /** What was drawn, for the report. */
    this.said = []
  }

  say(what) {
    this.said.push(what)
  }
  below(n) {
    return Math.floor(this.random() * n)
  }
  chance(p) {
    return this.random() < p
  }
  pick(list) {
    return list[this.below(list.length)]
  }
  number() {
    return this.chance(0.7) ? this.pick(NUMBERS) : this.below(40) - 4
  }
  /** How many changes: mostly one, so that what it leads to is seen. */
  changes() {
    return this.chance(0.6) ? 1 : 2 + this.below(2)
  }
  /** A count that may be large, so that work in proportion to its square shows. */
  many() {
    return this.pick([2, 3, 10, 100, 1000, 20_000])
  }
  name() {
    return this.pick(NAMES)
  }
  shape() {
    return Array.from({ length: this.pick([0, 1, 1, 2, 2, 3, 4, 9, 70]) }, () => this.number())
  }
  bytes(length) {
    const kind = this.below(4)
    return Uint8Array.from({ length }, (_, i) => [0, 255, i, this.below(256)][kind])
  }
  /** Another value of any type. */
  value(old) {
    const kinds = [
      () => this.number(),
      () => this.name(),
      () => null,
      () => this.chance(0.5),
      () => [],
      () => ({}),
      () => this.shape(),
      () => [old],
      () => ({ [this.name()]: old }),
      () => [old, old],
      () => raw(this.pick(RAW)),
      () => nested(this.pick([3, 60, 3000, 30_000]), this.chance(0.5), old),
    ]
    return this.pick(kinds)()
  }
}

/** Something deep in brackets. */
function nested(depth, lists, inner) {
  const [open, close] = lists ? ['[', ']'] : ['{"a":', '}']
  return raw(open.repeat(depth) + toText(inner ?? 1) + close.repeat(depth))
}

/** JSON with raw parts. */
export function toText(value) {
  if (value instanceof Map) return value.get('raw')
  if (Array.isArray(value)) return `[${value.map((one) => toText(one)).join(',')}]`
  if (typeof value === 'object' && value !== null) return pairsText(Object.entries(value))
  return JSON.stringify(value) ?? 'null'
}

/** An object in which a key may come twice. */
function pairsText(pairs) {
  const given = pairs.filter(([, value]) => value !== undefined)
  return `{${given.map(([key, value]) => `${JSON.stringify(key)}:${toText(value)}`).join(',')}}`
}

const isTree = (value) => typeof value === 'object' && value !== null && !(value instanceof Map)

/** All places of a tree: `{ holder, key }`. */
function places(tree, path = [], out = []) {
  for (const key of Object.keys(tree)) {
    out.push({ holder: tree, key, path: [...path, key] })
    if (isTree(tree[key])) places(tree[key], [...path, key], out)
  }
  return out
}

/** A copy of a tree of JSON with one to three changes of its structure. */
export function changedTree(draw, original, times = draw.changes()) {
  const tree = structuredClone(original)
  for (let n = 0; n < times; n++) {
    const all = places(tree)
    if (all.length === 0) break
    const place = draw.pick(all)
    const name = draw.pick(Object.keys(CHANGES))
    draw.say(`${name} ${place.path.join('.').slice(0, 80)}`)
    CHANGES[name](draw, place, all)
  }
  return tree
}

/** The list that a place is in, or lies above it. */
function listOf(place, all) {
  if (Array.isArray(place.holder)) return place.holder
  const list = all.find(({ holder, key }) => Array.isArray(holder[key]))
  return list ? list.holder[list.key] : null
}

const CHANGES = {
  value(draw, { holder, key }) {
    holder[key] = draw.value(holder[key])
  },
  number(draw, place, all) {
    const numbers = all.filter(({ holder, key }) => typeof holder[key] === 'number')
    const { holder, key } = numbers.length > 0 ? draw.pick(numbers) : place
    holder[key] = draw.number()
  },
  remove(_, { holder, key }) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1)
    else delete holder[key]
  },
  rename(draw, { holder, key }) {
    if (Array.isArray(holder)) return
    const value = holder[key]
    delete holder[key]
    Object.defineProperty(holder, draw.name(), {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  },
  swap(draw, one, all) {
    const other = draw.pick(all)
    if (one.path.join('.').startsWith(other.path.join('.'))) return
    if (other.path.join('.').startsWith(one.path.join('.'))) return
    const value = one.holder[one.key]
    one.holder[one.key] = other.holder[other.key]
    other.holder[other.key] = value
  },
  repeat(draw, place, all) {
    const list = listOf(place, all)
    if (!list || list.length === 0) return
    const one = draw.pick(list)
    const count = toText(one).length > 2000 ? 3 : draw.many()
    for (let i = 0; i < count; i++) list.push(structuredClone(one))
  },
  sameName(draw, _, all) {
    const names = all.filter(({ holder, key }) => typeof holder[key] === 'string')
    if (names.length < 2) return
    const [one, other] = [draw.pick(names), draw.pick(names)]
    one.holder[one.key] = other.holder[other.key]
  },
  twice(draw, { holder, key }) {
    if (!isTree(holder[key]) || Array.isArray(holder[key])) return
    const pairs = Object.entries(holder[key])
    if (pairs.length === 0) return
    const [again] = draw.pick(pairs)
    holder[key] = raw(pairsText([...pairs, [again, draw.value(1)]]))
  },
}
