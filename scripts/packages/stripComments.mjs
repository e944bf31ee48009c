/** Built modules without their comments: the declarations beside them have what users read, and a package its size. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** Documentation and comments to the end of a line; others may be for bundlers (`@__PURE__`). */
const FOR_READERS = /^(?:\/\*\*|\/\/(?!#))/

/** Rewrites every module of a folder. */
export function stripComments(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.js')) continue
    const file = join(folder, name)
    writeFileSync(file, withoutComments(readFileSync(file, 'utf8')))
  }
}

/** A module's text; a line with nothing but a comment goes with it. */
export function withoutComments(text) {
  const kept = []
  let at = 0
  for (const [from, to] of commentsOf(text)) {
    const lineStart = text.lastIndexOf('\n', from - 1) + 1
    const lineEnd = /^[ \t]*(?:\r?\n|$)/.exec(text.slice(to))
    const isAlone = lineEnd && /^[ \t]*$/.test(text.slice(lineStart, from))
    kept.push(text.slice(at, isAlone ? Math.max(at, lineStart) : from))
    at = isAlone ? to + lineEnd[0].length : to
  }
  kept.push(text.slice(at))
  return kept.join('')
}

/** Where comments for readers begin and end, in order. */
function commentsOf(text) {
  const found = new Map()
  const visit = (node) => {
    const ranges = [
      ...(ts.getLeadingCommentRanges(text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ]
    for (const { pos, end } of ranges) if (FOR_READERS.test(text.slice(pos, end))) found.set(pos, end)
    ts.forEachChild(node, visit)
  }
  const file = ts.createSourceFile('module.js', text, ts.ScriptTarget.Latest, false, ts.ScriptKind.JS)
  visit(file)
  visit(file.endOfFileToken)
  return [...found].toSorted(([a], [b]) => a - b)
}
