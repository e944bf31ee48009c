/** Where the sources offer options as fixes: with an error, or beside a model that was imported with assumptions. */
import ts from 'typescript'
import type { SourceTree } from './tree.ts'

/** A place in the sources that offers fixes. */
export interface FixSite {
  file: string
  /** The line where the error is made, as stacks give it. */
  line: number
  /** The function or method around it. */
  owner: string
  /** Names of the options that are written there as literals. */
  options: readonly string[]
}

/** Errors with a property `fix`. One that hands on the fixes of another error is none. */
export function errorSites(tree: SourceTree): FixSite[] {
  return sites(tree, (node) => ts.isNewExpression(node) && offersFix(node))
}

/** What is pushed to a list `fixes`, of a model that could be opened. */
export function assumptionSites(tree: SourceTree): FixSite[] {
  return sites(tree, (node) => ts.isCallExpression(node) && node.expression.getText() === 'fixes.push')
}

/** The options of all fixes that are written as literals, wherever that is. */
export function fixOptions(tree: SourceTree): string[] {
  const found = new Set<string>()
  for (const file of tree.paths) {
    tree.visit(file, (node) => {
      if (ts.isObjectLiteralExpression(node) && propertyOf(node, 'to')) addOption(found, node)
    })
  }
  return [...found].sort()
}

function sites(tree: SourceTree, isSite: (node: ts.Node) => boolean): FixSite[] {
  const found: FixSite[] = []
  for (const file of tree.paths) {
    tree.visit(file, (node) => {
      if (!isSite(node)) return
      const options = new Set<string>()
      collectOptions(options, node)
      const line = tree.lineOf(file, node.getStart())
      found.push({ file, line, owner: ownerOf(node), options: [...options] })
    })
  }
  return found
}

function offersFix(node: ts.NewExpression): boolean {
  const [facts] = node.arguments ?? []
  let offers = false
  const walk = (inner: ts.Node): void => {
    if (ts.isShorthandPropertyAssignment(inner)) offers ||= inner.name.text === 'fix'
    if (ts.isPropertyAssignment(inner) && inner.name.getText() === 'fix')
      offers ||= !inner.initializer.getText().endsWith('.fixes')
    if (!ts.isNewExpression(inner)) ts.forEachChild(inner, walk)
  }
  if (facts) walk(facts)
  return offers
}

function collectOptions(to: Set<string>, node: ts.Node): void {
  if (ts.isObjectLiteralExpression(node)) addOption(to, node)
  ts.forEachChild(node, (inner) => collectOptions(to, inner))
}

function addOption(to: Set<string>, node: ts.ObjectLiteralExpression): void {
  const value = propertyOf(node, 'option')?.initializer
  if (value && ts.isStringLiteralLike(value)) to.add(value.text)
}

function propertyOf(node: ts.ObjectLiteralExpression, name: string): ts.PropertyAssignment | undefined {
  return node.properties.filter(ts.isPropertyAssignment).find((one) => one.name.getText() === name)
}

function ownerOf(node: ts.Node): string {
  for (let at = node.parent; at; at = at.parent)
    if ((ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at)) && at.name) return at.name.getText()
  return ''
}
