/** A tree of source files, on the disk or made up by a test, with each file's syntax and imports. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface Violation {
  rule: string
  file: string
  line: number
  message: string
}

/** One import, however it is written. `to` is a path in the tree, or the bare name. */
export interface Edge {
  from: string
  to: string
  line: number
  relative: boolean
  /** The names it brings in; `*` for all. */
  names: readonly string[]
  /** Nothing that is loaded at once: a dynamic import, or types alone. */
  later: boolean
}

export class SourceTree {
  readonly files: ReadonlyMap<string, string>
  readonly #parsed = new Map<string, ts.SourceFile>()

  constructor(files: Readonly<Record<string, string>> | ReadonlyMap<string, string>) {
    this.files = files instanceof Map ? files : new Map(Object.entries(files))
  }

  get paths(): readonly string[] {
    return [...this.files.keys()]
  }

  text(path: string): string {
    return this.files.get(path)!
  }

  syntax(path: string): ts.SourceFile {
    let parsed = this.#parsed.get(path)
    if (!parsed) {
      parsed = ts.createSourceFile(
        `${path}.ts`,
        scriptOf(path, this.text(path)),
        ts.ScriptTarget.Latest,
        true,
      )
      this.#parsed.set(path, parsed)
    }
    return parsed
  }

  lineOf(path: string, position: number): number {
    return this.syntax(path).getLineAndCharacterOfPosition(position).line + 1
  }

  /** Every import, re-export, dynamic import and import type of a file. */
  edges(path: string): Edge[] {
    const edges: Edge[] = []
    this.visit(path, (node) => {
      const specifier = specifierOf(node)
      if (!specifier) return
      const spec = specifier.text
      const own = spec.startsWith('.')
      // A bundler's wish (`?worker`) names the same file.
      const to = own ? this.#resolve(posix.join(posix.dirname(path), spec.replace(/\?.*$/, ''))) : spec
      edges.push({
        from: path,
        to,
        line: this.lineOf(path, specifier.getStart()),
        relative: own,
        names: namesOf(node),
        later: isLater(node),
      })
    })
    return edges
  }

  /** Walks every node of a file, parents first. */
  visit(path: string, look: (node: ts.Node) => void): void {
    const walk = (node: ts.Node): void => {
      look(node)
      ts.forEachChild(node, walk)
    }
    walk(this.syntax(path))
  }

  /** AssemblyScript leaves the ending out. */
  #resolve(path: string): string {
    return this.files.has(`${path}.ts`) ? `${path}.ts` : path
  }
}

/** A component's scripts, on the lines where they stand; all else is left blank. */
function scriptOf(path: string, text: string): string {
  if (!path.endsWith('.svelte')) return text
  const blank = (part: string) => part.replace(/[^\n]/g, ' ')
  let [out, end] = ['', 0]
  for (const { 0: all, 1: script, index } of text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) {
    const start = index + all.indexOf('>') + 1
    out += blank(text.slice(end, start)) + script
    end = start + script.length
  }
  return out + blank(text.slice(end))
}

function isLater(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.isTypeOnly ?? false
  return ts.isExportDeclaration(node) ? node.isTypeOnly : true
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | null {
  let found: ts.Node | undefined
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) found = node.moduleSpecifier
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    found = node.arguments[0]
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) found = node.argument.literal
  return found && ts.isStringLiteralLike(found) ? found : null
}

function namesOf(node: ts.Node): string[] {
  if (ts.isImportDeclaration(node)) {
    const bindings = node.importClause?.namedBindings
    const first = node.importClause?.name ? ['default'] : []
    if (!bindings) return first
    if (ts.isNamespaceImport(bindings)) return [...first, '*']
    return [...first, ...bindings.elements.map((e) => (e.propertyName ?? e.name).text)]
  }
  if (ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause)) {
    return node.exportClause.elements.map((e) => (e.propertyName ?? e.name).text)
  }
  return ['*']
}

/** The files below some folders whose names end as given; nothing generated. @throws for a folder that does not exist */
export function readTree(folders: readonly string[], ending = /\.(ts|mjs|svelte)$/): SourceTree {
  const files = new Map<string, string>()
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !ending.test(entry.name)) continue
      const path = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')
      if (!/^packages\/latch\/src\/engine\/wasm\/|\/(golden|node_modules|results|probes)\//.test(path))
        files.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
  return new SourceTree(files)
}

export function show(violations: readonly Violation[]): string[] {
  return violations.map(({ rule, file, line, message }) => `${file}:${line} ${rule}: ${message}`)
}
