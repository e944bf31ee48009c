/** The sentences in the sources that say what to do about an error: every literal that a `remedy` can be. */
import ts from 'typescript'
import type { SourceTree } from './tree.ts'

/** A sentence, where it is written. */
export interface RemedySite {
  file: string
  line: number
  /** As it is written, with `…` in the place of what is computed. */
  sentence: string
  /** The first and last line of the function that makes the error or hands the sentence to what does; null for data. */
  within: readonly [number, number] | null
}

/** An error as a case made it. */
export interface MadeError {
  remedy: string
  /** `file:line` of each call on the stack. */
  places: readonly string[]
}

/** Each literal that can be a remedy: the value of a property, variable or argument of that name. */
export function remedySites(tree: SourceTree): RemedySite[] {
  const found = new Map<string, RemedySite>()
  const { functions, constants } = declarations(tree)
  const seen = new Set<ts.Node>()

  const add = (file: string, node: ts.StringLiteralLike | ts.TemplateExpression) => {
    const line = tree.lineOf(file, node.getStart())
    const sentence = sentenceOf(node)
    // `error.${word}`-like leftovers have no words of their own.
    if (/[a-z]{2}/i.test(sentence)) {
      found.set(`${file} ${node.getStart()}`, { file, line, sentence, within: within(tree, file, node) })
    }
  }
  const collect = (file: string, node: ts.Node | undefined): void => {
    if (!node || seen.has(node)) return
    seen.add(node)
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return add(file, node)
    if (ts.isIdentifier(node)) {
      const own = constants.get(`${file} ${node.text}`)
      return collect(file, own)
    }
    if (ts.isConditionalExpression(node)) {
      collect(file, node.whenTrue)
      return collect(file, node.whenFalse)
    }
    if (ts.isBinaryExpression(node)) {
      if (node.operatorToken.kind !== ts.SyntaxKind.AmpersandAmpersandToken) collect(file, node.left)
      return collect(file, node.right)
    }
    if (ts.isParenthesizedExpression(node)) return collect(file, node.expression)
    if (ts.isArrayLiteralExpression(node)) return node.elements.forEach((one) => collect(file, one))
    if (ts.isCallExpression(node)) {
      if (ts.isPropertyAccessExpression(node.expression)) return collect(file, node.expression.expression)
      const called = functions.get(`${file} ${node.expression.getText()}`)
      if (called) for (const value of returned(called)) collect(file, value)
    }
  }

  const handed = [...functions.values()].flatMap((one) => {
    const at = one.parameters.findIndex((parameter) => parameter.name.getText() === 'remedy')
    return at >= 0 && one.name ? [{ name: one.name.text, at }] : []
  })
  for (const file of tree.paths) {
    tree.visit(file, (node) => {
      if (
        (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) &&
        node.name.getText() === 'remedy'
      )
        collect(file, node.initializer)
      if (ts.isCallExpression(node)) {
        const to = handed.find(({ name }) => name === node.expression.getText())
        if (to) collect(file, node.arguments[to.at])
      }
      if (ts.isVariableDeclaration(node)) for (const one of tupleRemedies(node)) collect(file, one)
    })
  }
  return [...found.values()]
}

/** Whether an error has this sentence, from this place. */
export function isMadeBy(
  { file, sentence, within: lines }: RemedySite,
  { remedy, places }: MadeError,
): boolean {
  const parts = sentence.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (!new RegExp(parts.join('[^]*')).test(remedy)) return false
  if (!lines) return true
  return places.some((place) => {
    const [path, line] = place.split(':')
    return path === file && Number(line) >= lines[0] && Number(line) <= lines[1]
  })
}

type Function = ts.FunctionDeclaration

function declarations(tree: SourceTree) {
  const functions = new Map<string, Function>()
  const constants = new Map<string, ts.Expression>()
  for (const file of tree.paths) {
    tree.visit(file, (node) => {
      if (ts.isFunctionDeclaration(node) && node.name) functions.set(`${file} ${node.name.text}`, node)
      if (ts.isVariableDeclaration(node) && node.initializer && ts.isIdentifier(node.name))
        constants.set(`${file} ${node.name.text}`, node.initializer)
    })
  }
  return { functions, constants }
}

function returned(of: Function): ts.Expression[] {
  const values: ts.Expression[] = []
  const walk = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression) values.push(node.expression)
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, walk)
  }
  if (of.body) walk(of.body)
  return values
}

/** Of a list or record of tuples whose type names a place `remedy`. */
function tupleRemedies({ type, initializer }: ts.VariableDeclaration): ts.Expression[] {
  const names: string[] = []
  const walk = (node: ts.Node): void => {
    if (ts.isTupleTypeNode(node))
      names.push(...node.elements.map((one) => (ts.isNamedTupleMember(one) ? one.name.text : '')))
    ts.forEachChild(node, walk)
  }
  if (type) walk(type)
  const at = names.indexOf('remedy')
  if (at < 0 || !initializer) return []
  const tuples = ts.isObjectLiteralExpression(initializer)
    ? initializer.properties.filter(ts.isPropertyAssignment).map((property) => property.initializer)
    : ts.isArrayLiteralExpression(initializer)
      ? [...initializer.elements]
      : []
  return tuples.filter(ts.isArrayLiteralExpression).map((tuple) => tuple.elements[at])
}

function sentenceOf(node: ts.StringLiteralLike | ts.TemplateExpression): string {
  if (!ts.isTemplateExpression(node)) return node.text
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
}

/** Lines of the function around; null where the sentence is kept as data, or returned. */
function within(tree: SourceTree, file: string, node: ts.Node): readonly [number, number] | null {
  let isPassed = false
  for (let at = node.parent; at; at = at.parent) {
    isPassed ||= ts.isNewExpression(at) || ts.isCallExpression(at)
    if (ts.isReturnStatement(at) && !isPassed) return null
    if (ts.isFunctionLike(at)) return [tree.lineOf(file, at.getStart()), tree.lineOf(file, at.getEnd())]
  }
  return null
}
