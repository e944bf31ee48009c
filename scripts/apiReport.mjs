/**
 * The public API as text: every exported name of every entry point with its declaration, sorted.
 *   node scripts/apiReport.mjs           writes docs/api/*.api.md
 *   node scripts/apiReport.mjs --check   fails where docs/api differs from the sources
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const library = join(root, 'packages', 'latch')
const folder = join(root, 'docs', 'api')

/** Entry points by import path, in browsers and in Node, as `exports` of the package names them. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'))
  const source = ({ types }) => join(library, types.replace('./dist/', 'src/').replace('.d.ts', '.ts'))
  return Object.entries(exports)
    .filter(([name]) => !name.endsWith('.wasm'))
    .filter(([path]) => path !== './package.json')
    .map(([path, target]) => ({
      name: path.replace('.', 'latch'),
      browser: source(target.browser ?? target),
      node: target.browser ? source(target) : null,
    }))
}

/** The declarations (.d.ts) of the sources behind `files`, as a program of their own, in memory. */
function declarationsOf(files) {
  const { config } = ts.readConfigFile(join(library, 'tsconfig.build.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, library)
  const sources = ts.createProgram(files, { ...options, noEmit: false, emitDeclarationOnly: true })
  const written = new Map()
  sources.emit(undefined, (path, text) => written.set(path, text), undefined, true)
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => written.has(path) || fileExists(path)
  // Folders of dist/ that are only in memory, too: without this their declarations are empty.
  host.directoryExists = undefined
  host.readFile = (path) => written.get(path) ?? readFile(path)
  host.getSourceFile = (path, version) =>
    written.has(path)
      ? ts.createSourceFile(path, written.get(path), version, true)
      : getSourceFile(path, version)
  const outputOf = (file) => {
    const inside = relative(join(library, 'src'), file).replace(/\.ts$/, '.d.ts')
    return [...written.keys()].find((path) => path.endsWith(`/dist/${inside}`))
  }
  const outputs = new Map(files.map((file) => [file, outputOf(file)]))
  const program = ts.createProgram([...outputs.values()], { ...options, noEmit: true }, host)
  return { program, outputs }
}

/**
 * A declaration without comments, private members and `declare`, its spaces normalised; without the constructor
 * where a class is exported as a type alone.
 */
function textOf(node, typeOnly) {
  const file = node.getSourceFile()
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node
  const hidden = []
  const look = (inner) => {
    const isPrivate =
      ts.isClassElement(inner) &&
      (inner.name?.kind === ts.SyntaxKind.PrivateIdentifier ||
        ts.getCombinedModifierFlags(inner) & ts.ModifierFlags.Private ||
        (typeOnly && ts.isConstructorDeclaration(inner)))
    if (isPrivate) hidden.push([inner.getFullStart(), inner.end])
    else ts.forEachChild(inner, look)
  }
  look(statement)
  let [text, at] = ['', statement.getStart(file)]
  for (const [start, end] of hidden) {
    text += file.text.slice(at, start)
    at = end
  }
  text += file.text.slice(at, statement.end)
  const plain = withoutComments(text)
  return plain.replace(/^export (default )?|(?<=^export )declare /g, '').replace(/^declare /, '')
}

function withoutComments(text) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text)
  let plain = ''
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    const isComment =
      token === ts.SyntaxKind.SingleLineCommentTrivia || token === ts.SyntaxKind.MultiLineCommentTrivia
    if (!isComment) plain += scanner.getTokenText()
  }
  return plain
    .split('\n')
    .filter((line) => line.trim())
    .join('\n')
    .replace(/[ \t]+$/gm, '')
    .trim()
}

/** The declarations of every name that a file exports, by name. */
function namesOf(program, path) {
  const checker = program.getTypeChecker()
  const file = checker.getSymbolAtLocation(program.getSourceFile(path))
  const names = new Map()
  for (const symbol of checker.getExportsOfModule(file)) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const typeOnly = (symbol.declarations ?? []).some(ts.isTypeOnlyImportOrExportDeclaration)
    const texts = new Set((target.declarations ?? []).map((node) => textOf(node, typeOnly)))
    names.set(symbol.name, [...texts].join('\n'))
  }
  return new Map([...names].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const list = (names) =>
  [...names].map(([name, text]) => `### \`${name}\`\n\n\`\`\`ts\n${text}\n\`\`\`\n`).join('\n')

function reports() {
  const entries = entryPoints()
  const { program, outputs } = declarationsOf(
    entries.flatMap(({ browser, node }) => [browser, node ?? []].flat()),
  )
  return new Map(
    entries.map(({ name, browser, node }) => {
      const shared = namesOf(program, outputs.get(browser))
      const own = node ? namesOf(program, outputs.get(node)) : new Map()
      for (const [key, text] of shared) if (own.get(key) === text) own.delete(key)
      const more = own.size > 0 ? `\n## In Node only: ${own.size} names\n\n${list(own)}` : ''
      const text = `# \`${name}\`: ${shared.size} names\n\nWritten by \`npm run api\`; do not edit.\n\n${list(shared)}${more}`
      return [`${name.replace('/', '.')}.api.md`, text]
    }),
  )
}

const wanted = reports()
if (process.argv.includes('--check')) {
  const there = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.api.md')) : []
  const different = [...new Set([...there, ...wanted.keys()])].filter((name) => {
    const path = join(folder, name)
    return !existsSync(path) || readFileSync(path, 'utf8') !== wanted.get(name)
  })
  for (const name of different) console.log(`docs/api/${name} differs from the sources`)
  if (different.length > 0) console.log('Run `npm run api` and commit the result.')
  process.exitCode = different.length > 0 ? 1 : 0
} else {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of wanted) {
    writeFileSync(join(folder, name), text)
    console.log(`docs/api/${name}`)
  }
}
