/** What a reader may expect of every file: its length, its header, its functions, its public words. */
import ts from 'typescript'
import type { SourceTree, Violation } from './tree.ts'

export const FILE_LINES = 500
export const FUNCTION_LINES = 90
export const KERNEL_LINES = 120
export const HEADER_LINES = 5

const EMPTY_NAMES = /(^|\/)(utils?|helpers?|misc|common)\.(ts|mjs)$/i
// A home folder or a drive is a path of one machine.
const MACHINE_PATH = /(?<![\w.$}/-])(?:\/(?:home|Users|root|work|mnt|private)\/\w|[A-Z]:\\\w)/

export function styleViolations(tree: SourceTree): Violation[] {
  return tree.paths.flatMap((path) => [
    ...fileLength(tree, path),
    ...functionLengths(tree, path),
    ...(/^packages\/\w+\/src\//.test(path) ? header(tree, path) : []),
    ...emptyName(path),
    ...(/^packages\/(latch|cli)\/src\//.test(path) ? terminalWrites(tree, path) : []),
  ])
}

/** The one file that writes to a terminal. */
const OUTPUT = 'packages/cli/src/terminal/output.ts'
const TERMINALS = new Set(['console', 'stdout', 'stderr', 'emitWarning', 'writeSync', '_rawDebug'])

/** Text of a file may hold escape sequences: one place writes to the terminal, and escapes whatever it writes. */
function terminalWrites(tree: SourceTree, file: string): Violation[] {
  const found: Violation[] = []
  tree.visit(file, (node) => {
    const bad =
      file === OUTPUT
        ? ts.isCallExpression(node) &&
          node.expression.getText().endsWith('.write') &&
          !/\bescapeText\(/.test(node.arguments[0]?.getText() ?? '')
        : ts.isIdentifier(node) && TERMINALS.has(node.text)
    if (!bad) return
    const message = file === OUTPUT ? 'writes without `escapeText`' : `uses ${node.getText()}; use \`Output\``
    found.push({ rule: 'terminal', file, line: tree.lineOf(file, node.getStart()), message })
  })
  return found
}

function fileLength(tree: SourceTree, file: string): Violation[] {
  const lines = tree.text(file).trimEnd().split('\n').length
  if (lines <= FILE_LINES) return []
  return [
    { rule: 'file length', file, line: FILE_LINES + 1, message: `${lines} lines, at most ${FILE_LINES}` },
  ]
}

function functionLengths(tree: SourceTree, file: string): Violation[] {
  const most = file.startsWith('packages/latch/kernels/') ? KERNEL_LINES : FUNCTION_LINES
  const found: Violation[] = []
  tree.visit(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || !node.body || isDescription(node)) return
    const first = tree.lineOf(file, node.getStart())
    const lines = tree.lineOf(file, node.end) - first + 1 - linesOfInner(tree, file, node.body)
    if (lines <= most) return
    const name = node.name?.getText() ?? nameOfPlace(node.parent)
    found.push({
      rule: 'function length',
      file,
      line: first,
      message: `${name}: ${lines} lines, at most ${most}`,
    })
  })
  return found
}

/** Lines of named functions and methods inside: they are measured for themselves. Callbacks are not. */
function linesOfInner(tree: SourceTree, file: string, body: ts.Node): number {
  let lines = 0
  const walk = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) {
      lines += tree.lineOf(file, node.end) - tree.lineOf(file, node.getStart()) + 1
    } else ts.forEachChild(node, walk)
  }
  ts.forEachChild(body, walk)
  return lines
}

/** The callback of a test file's `describe` groups tests; it does nothing itself. */
function isDescription(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^(describe|suite)\b/.test(node.parent.expression.getText())
}

function nameOfPlace(parent: ts.Node): string {
  return 'name' in parent && parent.name ? (parent.name as ts.Node).getText() : 'a function'
}

function header(tree: SourceTree, file: string): Violation[] {
  const text = tree.text(file).replace(/^#!.*\n/, '')
  const comment = /^\/\*\*?[\s\S]*?\*\/|^<!--[\s\S]*?-->|^(?:\/\/.*\n)+/.exec(text)?.[0]
  if (!comment)
    return [{ rule: 'header', file, line: 1, message: 'no comment at the top says what this file is' }]
  const lines = comment.split('\n').filter((line) => /[^\s/*<>!-]/.test(line)).length
  if (lines <= HEADER_LINES) return []
  return [{ rule: 'header', file, line: 1, message: `${lines} lines, at most ${HEADER_LINES}` }]
}

function emptyName(file: string): Violation[] {
  if (!EMPTY_NAMES.test(file)) return []
  return [{ rule: 'file name', file, line: 1, message: 'says nothing; name it after what it holds' }]
}

/** Paths of one machine in any text file. */
export function machinePaths(tree: SourceTree): Violation[] {
  return tree.paths.flatMap((file) =>
    tree
      .text(file)
      .split('\n')
      .flatMap((text, i) => {
        const [path] = MACHINE_PATH.exec(text) ?? []
        return path ? [{ rule: 'machine path', file, line: i + 1, message: text.trim().slice(0, 80) }] : []
      }),
  )
}

/** Where a cell may be called by its name: its own folder, the tables of peers' names, and the default of a task. */
const CELL_PLACES = [
  'packages/latch/src/cells/',
  'packages/latch/src/formats/gateOrders.ts',
  'packages/latch/src/tasks/textClassifier/',
  'packages/latch/src/tasks/languageModel/',
  'packages/latch/src/tasks/tagger/',
  'packages/latch/src/tasks/sequenceToSequence/',
]

/**
 * String literals with the name of a cell outside its places; the studio, which draws each cell, is not asked.
 * `classNames` are other programs' names of cells, which in the formats no literal, pattern or property may contain.
 */
export function cellNamesOutside(
  tree: SourceTree,
  names: readonly string[],
  classNames: readonly string[] = [],
): Violation[] {
  const classWord = classNames.length > 0 ? new RegExp(`\\b(${classNames.join('|')})\\b`) : null
  const found: Violation[] = []
  for (const file of tree.paths) {
    if (!/^packages\/(latch|cli)\/src\//.test(file) || CELL_PLACES.some((place) => file.startsWith(place)))
      continue
    const inFormats = file.startsWith('packages/latch/src/formats/')
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && names.includes(node.text)) {
        const line = tree.lineOf(file, node.getStart())
        found.push({
          rule: 'cell by name',
          file,
          line,
          message: `'${node.text}': derive it from cells/registry.ts`,
        })
      }
      const className = inFormats && isSpelled(node) ? classWord?.exec(node.getText())?.[1] : undefined
      if (className !== undefined) {
        const line = tree.lineOf(file, node.getStart())
        const message = `${className}: derive it from formats/gateOrders.ts`
        found.push({ rule: 'class name of a cell', file, line, message })
      }
      ts.forEachChild(node, visit)
    }
    visit(tree.syntax(file))
  }
  return found
}

/** The registry, and the layers: a factory of each cell, so that a bundle carries only the cells it names. */
const CELL_IMPORTERS = ['packages/latch/src/cells/', 'packages/latch/src/layers/recurrent/']

/** Imports of one cell's folder elsewhere. */
export function cellImportsOutside(tree: SourceTree): Violation[] {
  const found: Violation[] = []
  for (const file of tree.paths) {
    if (!file.startsWith('packages/latch/src/') || CELL_IMPORTERS.some((place) => file.startsWith(place)))
      continue
    for (const { to, line } of tree.edges(file)) {
      const [, folder] = /^packages\/latch\/src\/cells\/(\w+)\//.exec(to) ?? []
      if (folder === undefined) continue
      const message = `imports the cell ${folder}: derive it from cells/registry.ts`
      found.push({ rule: 'cell by name', file, line, message })
    }
  }
  return found
}

/** Whether a node is text of the program: a literal, a piece of a template, a pattern, or the name of a property. */
function isSpelled(node: ts.Node): boolean {
  const isProperty =
    ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node
  return ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node) || isProperty
}

/** Commands that a page names and package.json does not have. */
export function unknownCommands(
  page: string,
  text: string,
  scripts: Readonly<Record<string, string>>,
): Violation[] {
  return text.split('\n').flatMap((words, i) =>
    [...words.matchAll(/\bnpm (?:run (?:-s |--silent )?([\w:]+)|(start|test)\b)/g)].flatMap(
      ([, run, own]) => {
        const name = run ?? own
        if (name in scripts) return []
        return [{ rule: 'command', file: page, line: i + 1, message: `npm ${name} is not in package.json` }]
      },
    ),
  )
}

/** Public names without a word about them, by following every export of `entry` to its declaration. */
export function undocumented(tree: SourceTree, entry = 'packages/latch/src/index.ts'): Violation[] {
  const found = new Map<string, Violation>()
  for (const { name, file, node } of exportsOf(tree, entry, new Set())) {
    const documented = ts.getJSDocCommentsAndTags(node).length > 0
    const line = tree.lineOf(file, node.getStart())
    if (!documented)
      found.set(`${file} ${name}`, { rule: 'docstring', file, line, message: `${name} has none` })
  }
  return [...found.values()]
}

interface Exported {
  name: string
  file: string
  node: ts.Node
}

function exportsOf(tree: SourceTree, file: string, seen: Set<string>): Exported[] {
  if (seen.has(file) || !tree.files.has(file)) return []
  seen.add(file)
  const out: Exported[] = []
  for (const statement of tree.syntax(file).statements) {
    if (ts.isExportDeclaration(statement)) out.push(...reExports(tree, file, statement, seen))
    else if (ts.canHaveModifiers(statement) && isExported(statement)) {
      for (const name of declaredNames(statement)) out.push({ name, file, node: statement })
    }
  }
  return out
}

function reExports(
  tree: SourceTree,
  file: string,
  statement: ts.ExportDeclaration,
  seen: Set<string>,
): Exported[] {
  const edge = tree
    .edges(file)
    .find((e) => e.line === tree.lineOf(file, statement.moduleSpecifier?.getStart() ?? 0))
  const names =
    statement.exportClause && ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements
      : null
  if (!statement.moduleSpecifier) {
    return (names ?? []).flatMap((e) => declarationOf(tree, file, (e.propertyName ?? e.name).text))
  }
  if (!edge) return []
  if (!names) return exportsOf(tree, edge.to, seen)
  return names.flatMap((e) => declarationOf(tree, edge.to, (e.propertyName ?? e.name).text))
}

/** Where a name that a file exports or imports is declared. */
function declarationOf(tree: SourceTree, file: string, name: string): Exported[] {
  if (!tree.files.has(file)) return []
  for (const statement of tree.syntax(file).statements) {
    if (declaredNames(statement).includes(name)) return [{ name, file, node: statement }]
  }
  const edge = tree.edges(file).find((e) => e.relative && e.names.includes(name))
  if (edge) return declarationOf(tree, edge.to, name)
  return tree
    .edges(file)
    .filter((e) => e.relative && e.names.includes('*'))
    .flatMap((e) => declarationOf(tree, e.to, name))
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((d) => d.name.getText())
  const named = statement as ts.Statement & { name?: ts.Node }
  const declares =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  return declares && named.name ? [named.name.getText()] : []
}

function isExported(node: ts.HasModifiers): boolean {
  return ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) ?? false
}
