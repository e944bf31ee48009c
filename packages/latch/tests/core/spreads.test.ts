/**
 * Calls take their arguments on the stack: an array whose length comes from data, spread into one, ends in a RangeError
 * at some hundred thousand items. So no array is spread into the calls that collect numbers, items or letters.
 */
import { describe, expect, it } from 'vitest'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../../tests/architecture/tree.ts'

const CALLS =
  /(?:\bMath\.(?:max|min|hypot)|\.(?:push|unshift|splice|concat|fromCharCode|fromCodePoint)|\bObject\.assign|(?<!function )\b(?:element|picture))\(/g

/** Lines with a spread among the arguments of such a call; what stands in brackets or braces of its own is no argument. */
function spreadsIn(text: string): number[] {
  const found: number[] = []
  for (const { index, 0: call } of text.matchAll(CALLS)) {
    let depth = 1
    for (let i = index + call.length; i < text.length && depth > 0; i++) {
      if ('([{'.includes(text[i])) depth++
      else if (')]}'.includes(text[i])) depth--
      else if (depth === 1 && text.startsWith('...', i)) {
        const line = text.slice(0, index).split('\n').length
        if (found.at(-1) !== line) found.push(line)
        i += 2
      }
    }
  }
  return found
}

describe('a spread into a call', () => {
  it.each([
    'Math.max(...values)',
    'Math.min(0, ...lengths.map((one) => one.length))',
    'list.push(first, ...rows.slice(0, 3))',
    'String.fromCharCode(...bytes)',
    "element('g', {}, ...cells)",
    'Math.max(\n  1,\n  ...values,\n)',
  ])('is found: %s', (text) => {
    expect(spreadsIn(text)).toEqual([1])
  })

  it.each(['list.push([...rows])', 'list.push({ ...row })', 'Math.max(a, f(...b))', 'new Set([...a, ...b])'])(
    'is none: %s',
    (text) => {
      expect(spreadsIn(text)).toEqual([])
    },
  )
})

const FOLDERS = ['packages/latch/src', 'packages/cli/src', 'packages/studio/src', 'demo']

describe('the sources', () => {
  it.each(FOLDERS)('spread no array into such calls: %s', (folder) => {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    const sources = files.filter((file) => /\.(ts|svelte)$/.test(file))
    expect(sources.length).toBeGreaterThan(0)
    const spreads = sources.flatMap((file) =>
      spreadsIn(readFileSync(join(root, folder, file), 'utf8')).map((line) => `${folder}/${file}:${line}`),
    )
    expect(spreads).toEqual([])
  })
})
