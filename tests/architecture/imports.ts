/** The import rule: a layer imports from those below it, siblings never import each other, and there are no cycles. */
import ts from 'typescript'
import type { Edge, SourceTree, Violation } from './tree.ts'

/** The library's folder, and the layers in it, lowest first; what stands on one line are siblings. */
const LIBRARY = 'packages/latch/src/'
export const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['engine', 'data', 'text', 'datasets'],
  ['tensors', 'cells'],
  ['layers'],
  ['model'],
  ['training', 'inspection', 'formats'],
  ['tasks'],
  ['entry points'],
  ['Node entry points'],
  ['cli', 'studio'],
  ['examples', 'demo'],
]

/** The studio's own layers, lowest first: a view knows the state, the state knows the worker, and never back. */
export const STUDIO_LAYERS: readonly (readonly string[])[] = [
  ['drawing', 'rpc'],
  ['experiments'],
  ['worker'],
  ['state'],
  ['parts'],
  ['lessons', 'views', 'workbench'],
]

const ENTRY_POINTS = ['index', 'training', 'inspection', 'datasets', 'tables', 'formats']
const NODE_ENTRY_POINTS = ['node', 'tablesNode', 'formatsNode']

/** The formats that read or write others' parts: a page that opens one format loads no module of another. */
const FORMAT_PARTS: Readonly<Record<string, readonly string[]>> = {
  keras: [],
  onnx: [],
  tensorflow1: [],
  tfjs: ['keras'],
  torch: [],
}

/** Layers that may handle addresses in the arena. */
const POINTER_LAYERS = ['engine', 'tensors', 'cells', 'layers']
const NODE_FILE = /Node\.ts$|^packages\/latch\/src\/node\.ts$|^(packages\/cli\/src|examples|demo)\//

/** The layer that a file belongs to, or null where it belongs to none. */
export function layerOf(path: string): string | null {
  if (path.startsWith(LIBRARY)) {
    const [first, ...below] = path.slice(LIBRARY.length).split('/')
    if (below.length > 0) return rankOf(first) < 0 ? null : first
    const name = first.replace(/\.ts$/, '')
    if (ENTRY_POINTS.includes(name)) return 'entry points'
    return NODE_ENTRY_POINTS.includes(name) ? 'Node entry points' : null
  }
  if (path.startsWith('packages/latch/kernels/')) return 'kernels'
  return /^packages\/(cli|studio)\/|^(examples|demo)\//.exec(path)?.slice(1).find(Boolean) ?? null
}

function rankOf(layer: string): number {
  return LAYERS.findIndex((row) => row.includes(layer))
}

/** Every broken import of a tree. */
export function importViolations(tree: SourceTree): Violation[] {
  const found: Violation[] = []
  for (const path of tree.paths) {
    const layer = layerOf(path)
    if (!layer) {
      const message = 'belongs to no layer; name its folder in tests/architecture/imports.ts'
      found.push({ rule: 'layers', file: path, line: 1, message })
      continue
    }
    for (const edge of tree.edges(path)) found.push(...edgeViolations(tree, edge, layer))
    if (layer !== 'engine' && layer !== 'kernels') found.push(...webAssemblyUses(tree, path))
    if (![...POINTER_LAYERS, 'kernels'].includes(layer)) found.push(...pointerUses(tree, path))
  }
  return [...found, ...cycles(tree)]
}

function edgeViolations(tree: SourceTree, edge: Edge, layer: string): Violation[] {
  const at = (rule: string, message: string): Violation[] => [
    { rule, file: edge.from, line: edge.line, message },
  ]
  if (!edge.relative) {
    if (layer === 'kernels') return at('kernels', `imports ${edge.to}; kernels import nothing outside`)
    if (edge.to.startsWith('node:') && !NODE_FILE.test(edge.from)) {
      return at('browser-safe', `imports ${edge.to}; only files named …Node.ts, node.ts and the cli may`)
    }
    return []
  }
  // The built kernels are generated.
  if (edge.to.startsWith(`${LIBRARY}engine/wasm/`))
    return layer === 'engine' ? [] : at('engine only', `imports ${edge.to}`)
  if (/\.(css|json)$/.test(edge.to)) return []
  if (!tree.files.has(edge.to)) return at('no such file', edge.to)
  const other = layerOf(edge.to)
  if (layer === 'formats' && other === layer) return formatEdge(edge, at)
  if (other === null || other === layer) return layer === 'studio' ? studioEdge(edge, at) : []
  if (layer === 'kernels' || other === 'kernels') return at('kernels', `${edge.from} → ${edge.to}`)
  if (!edge.from.startsWith(LIBRARY) && edge.to.startsWith(LIBRARY)) {
    return at('entry points', `${edge.from} → ${edge.to}; import latch or latch/…`)
  }
  const [from, to] = [rankOf(layer), rankOf(other)]
  if (to > from) return at('upward edge', `${layer} → ${other} (${edge.from} → ${edge.to})`)
  if (to === from) return at('sibling edge', `${layer} → ${other} (${edge.from} → ${edge.to})`)
  if (edge.names.includes('Pointer') && !POINTER_LAYERS.includes(layer)) {
    return at('pointers', `${layer} takes the type Pointer; only ${POINTER_LAYERS.join(', ')} may`)
  }
  return []
}

/** One format imports no other, but for those whose files hold another's. */
function formatEdge(edge: Edge, at: (rule: string, message: string) => Violation[]): Violation[] {
  const [from, to] = [formatOf(edge.from), formatOf(edge.to)]
  if (from === null || to === null || from === to || FORMAT_PARTS[from].includes(to)) return []
  return at('sibling edge', `format ${edge.from} → ${edge.to}`)
}

function formatOf(path: string): string | null {
  const [, name] = /^packages\/latch\/src\/formats\/(\w+)\//.exec(path) ?? []
  return name in FORMAT_PARTS ? name : null
}

/** The studio's own folders import only from below, never from each other. */
function studioEdge(edge: Edge, at: (rule: string, message: string) => Violation[]): Violation[] {
  const [from, to] = [studioFolder(edge.from), studioFolder(edge.to)]
  if (from === null || to === null || from.name === to.name) return []
  for (const { name, rank } of [from, to])
    if (rank < 0)
      return at('layers', `the studio folder ${name} belongs to no layer; name it in STUDIO_LAYERS`)
  if (to.rank < from.rank) return []
  const rule = to.rank > from.rank ? 'upward edge' : 'sibling edge'
  return at(rule, `studio ${edge.from} → ${edge.to}`)
}

/** Null for the files that put the page together. */
function studioFolder(path: string): { name: string; rank: number } | null {
  const [, name] = /^packages\/studio\/src\/(\w+)\//.exec(path) ?? []
  if (!name) return null
  return { name, rank: STUDIO_LAYERS.findIndex((row) => row.includes(name)) }
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

/** Code that reads the size of a float computes an address. */
function pointerUses(tree: SourceTree, path: string): Violation[] {
  const found: Violation[] = []
  tree.visit(path, (node) => {
    if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'floatBytes') return
    const line = tree.lineOf(path, node.getStart())
    const message = `calculates an address; only ${POINTER_LAYERS.join(', ')} may (view the buffer, then index it)`
    found.push({ rule: 'pointers', file: path, line, message })
  })
  return found
}

/** One violation for each cycle of imports, type imports included. */
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
 * What a browser's entry point reaches that a browser does not have; `brings` are the dependencies it may bring. Without
 * `later` only what is loaded at once counts.
 */
export function browserViolations(
  tree: SourceTree,
  entry = 'packages/latch/src/index.ts',
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
