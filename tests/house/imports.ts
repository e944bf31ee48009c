/** The import rule: floors only look down, siblings never look at each other, and nothing goes in circles. */
import ts from 'typescript'
import type { Edge, SourceTree, Violation } from './tree.ts'

/** Lowest first; what stands on one line are siblings. */
export const FLOORS: readonly (readonly string[])[] = [
  ['tensor'],
  ['engine', 'data', 'datasets'],
  ['cells'],
  ['layers'],
  ['model'],
  ['training', 'generation', 'inspection', 'formats'],
  ['tasks'],
  ['index', 'tables', 'inspection door', 'formats door'],
  ['node'],
  ['cli', 'studio'],
  ['examples', 'demo'],
]

/** The studio's own floors, lowest first: a view knows the state, the state knows the worker, and never back. */
export const STUDIO_FLOORS: readonly (readonly string[])[] = [
  ['paint'],
  ['engine', 'labs'],
  ['state'],
  ['parts'],
  ['lessons', 'views', 'workbench'],
]

/** Floors that may handle places in memory. */
const POINTER_FLOORS = ['engine', 'cells', 'layers']
const NODE_FILE = /Node\.ts$|^src\/node\.ts$|^(cli|examples|demo)\//

/** The floor a file stands on, or null where it stands on none. */
export function floorOf(path: string): string | null {
  const [, door] = /^src\/(index|tables|inspection|formats|node|formatsNode)\.ts$/.exec(path) ?? []
  // The rooms behind them have the same names.
  if (door === 'inspection' || door === 'formats') return `${door} door`
  if (door) return door === 'formatsNode' ? 'node' : door
  const [, name] = /^src\/(\w+)\//.exec(path) ?? []
  if (name) return rankOf(name) < 0 ? null : name
  return /^(cli|studio|examples|demo|kernels)\//.exec(path)?.[1] ?? null
}

function rankOf(floor: string): number {
  return FLOORS.findIndex((row) => row.includes(floor))
}

/** Every broken import of a tree. */
export function importViolations(tree: SourceTree): Violation[] {
  const found: Violation[] = []
  for (const path of tree.paths) {
    const floor = floorOf(path)
    if (!floor) {
      const message = 'belongs to no floor; name its folder in tests/house/imports.ts'
      found.push({ rule: 'floors', file: path, line: 1, message })
      continue
    }
    for (const edge of tree.edges(path)) found.push(...edgeViolations(tree, edge, floor))
    if (floor !== 'engine' && floor !== 'kernels') found.push(...webAssemblyUses(tree, path))
    if (![...POINTER_FLOORS, 'kernels'].includes(floor)) found.push(...pointerUses(tree, path))
  }
  return [...found, ...cycles(tree)]
}

function edgeViolations(tree: SourceTree, edge: Edge, floor: string): Violation[] {
  const at = (rule: string, message: string): Violation[] => [
    { rule, file: edge.from, line: edge.line, message },
  ]
  if (!edge.relative) {
    if (floor === 'kernels')
      return at('kernels alone', `imports ${edge.to}; kernels/ imports nothing outside`)
    if (edge.to.startsWith('node:') && !NODE_FILE.test(edge.from)) {
      return at('browser-safe', `imports ${edge.to}; only files named …Node.ts, src/node.ts and cli/ may`)
    }
    return []
  }
  // The built kernels are made, not written.
  if (edge.to.startsWith('src/engine/wasm/'))
    return floor === 'engine' ? [] : at('engine only', `imports ${edge.to}`)
  if (/\.(css|json)$/.test(edge.to)) return []
  if (!tree.files.has(edge.to)) return at('no such file', edge.to)
  const other = floorOf(edge.to)
  if (floor === 'studio') return studioEdge(edge, other, at)
  if (other === null || other === floor) return []
  if (floor === 'kernels' || other === 'kernels') return at('kernels alone', `${edge.from} → ${edge.to}`)
  const [from, to] = [rankOf(floor), rankOf(other)]
  if (to > from) return at('upward edge', `${floor} → ${other} (${edge.from} → ${edge.to})`)
  if (to === from) return at('sibling edge', `${floor} → ${other} (${edge.from} → ${edge.to})`)
  if (edge.names.includes('Pointer') && !POINTER_FLOORS.includes(floor)) {
    return at('pointers', `${floor} takes the type Pointer; only ${POINTER_FLOORS.join(', ')} may`)
  }
  return []
}

/** The studio takes the library by its doors, and its own rooms look down only. */
function studioEdge(
  edge: Edge,
  other: string | null,
  at: (rule: string, message: string) => Violation[],
): Violation[] {
  if (other !== 'studio') return at('doors', `${edge.from} → ${edge.to}; import latch or latch/…`)
  const [from, to] = [studioRank(edge.from), studioRank(edge.to)]
  if (from === null || to === null || to <= from) return []
  return at('upward edge', `studio ${edge.from} → ${edge.to}`)
}

/** Null for the files that put the page together. */
function studioRank(path: string): number | null {
  const [, room] = /^studio\/src\/(\w+)\//.exec(path) ?? []
  if (!room) return null
  const rank = STUDIO_FLOORS.findIndex((row) => row.includes(room))
  return rank < 0 ? null : rank
}

function webAssemblyUses(tree: SourceTree, path: string): Violation[] {
  const found: Violation[] = []
  tree.visit(path, (node) => {
    if (!ts.isIdentifier(node) || node.text !== 'WebAssembly') return
    const line = tree.lineOf(path, node.getStart())
    found.push({ rule: 'engine only', file: path, line, message: 'touches WebAssembly; only engine/ does' })
  })
  return found
}

/** Who needs the bytes of a float calculates addresses. */
function pointerUses(tree: SourceTree, path: string): Violation[] {
  const found: Violation[] = []
  tree.visit(path, (node) => {
    if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'floatBytes') return
    const line = tree.lineOf(path, node.getStart())
    const message = `calculates an address; only ${POINTER_FLOORS.join(', ')} may (view the buffer, then index it)`
    found.push({ rule: 'pointers', file: path, line, message })
  })
  return found
}

/** One violation for each circle of imports, type imports included. */
function cycles(tree: SourceTree): Violation[] {
  const found: Violation[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const walk = (path: string): void => {
    trail.push(path)
    for (const { to, line, relative } of tree.edges(path)) {
      if (!relative || !tree.files.has(to)) continue
      const start = trail.indexOf(to)
      if (start >= 0) {
        const message = [...trail.slice(start), to].join(' → ')
        found.push({ rule: 'cycle', file: path, line, message })
      } else if (!done.has(to)) walk(to)
    }
    trail.pop()
    done.add(path)
  }
  for (const path of tree.paths) if (!done.has(path)) walk(path)
  return found
}

/**
 * What a browser's door reaches that a browser does not have; `brings` are the dependencies it may bring. Without
 * `later` only what is loaded at once counts.
 */
export function browserViolations(
  tree: SourceTree,
  entry = 'src/index.ts',
  brings: readonly string[] = [],
  later = true,
): Violation[] {
  if (!tree.files.has(entry)) {
    return [{ rule: 'browser entry', file: entry, line: 1, message: 'does not exist' }]
  }
  const found: Violation[] = []
  const chain = new Map([[entry, entry]])
  const queue = [entry]
  for (const path of queue) {
    for (const { to, line, relative, later: isLater } of tree.edges(path)) {
      if (isLater && !later) continue
      if (!relative) {
        if (brings.includes(to)) continue
        const message = `imports ${to}, reached by ${chain.get(path)}`
        found.push({ rule: 'browser entry', file: path, line, message })
      } else if (tree.files.has(to) && !chain.has(to)) {
        chain.set(to, `${chain.get(path)} → ${to}`)
        queue.push(to)
      }
    }
  }
  return found
}
