/** The source files that the lessons name: each exists and defines the function that is named. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../../../../tests/architecture/tree.ts'

const LESSON_COUNT = 9

const lessons = join(root, 'packages', 'studio', 'src', 'lessons')

/** Every { file, what } of the lessons' Source lists. */
const sources = readdirSync(lessons)
  .filter((name) => /^Lesson\d+\.svelte$/.test(name))
  .flatMap((name) => {
    const text = readFileSync(join(lessons, name), 'utf8')
    return [...text.matchAll(/\{\s*file: '([^']+)',\s*what: '([^']+)',?\s*\}/g)].map(([, file, what]) => ({
      name,
      file,
      what,
    }))
  })

/** "a/b.ts, c.ts" is two files of one folder. */
function filesOf(file: string): string[] {
  const [first, ...rest] = file.split(', ')
  return [first, ...rest.map((name) => first.slice(0, first.lastIndexOf('/') + 1) + name)]
}

/** What stands before the colon, name by name; in a plain sentence, what only code is written like. */
function namesOf(what: string): string[] {
  const [head, ...tail] = what.split(': ')
  const said = tail.length
    ? head.split(/, | and /).flatMap((name) => name.split('.'))
    : what
        .split(/[^\w#.]+/)
        .filter((word) => /^#?[a-z]+[A-Z]/.test(word) || /^[A-Z][a-z]+(\.|[A-Z])/.test(word))
        .flatMap((word) => word.split('.'))
  return said.filter((name) => /^#?[A-Za-z_]\w*$/.test(name))
}

describe('the source lines of the lessons', () => {
  test('every lesson has some, and all are read here', () => {
    const written = readdirSync(lessons)
      .filter((name) => /^Lesson\d+\.svelte$/.test(name))
      .flatMap((name) => readFileSync(join(lessons, name), 'utf8').match(/\bfile: ?['"`]/g) ?? [])
    expect(sources).toHaveLength(written.length)
    expect(new Set(sources.map(({ name }) => name)).size).toBe(LESSON_COUNT)
    expect(sources.length).toBeGreaterThan(3 * LESSON_COUNT)
  })

  test.each(sources.map(({ name, file, what }) => [name, file, what]))('%s: %s, %s', (_, file, what) => {
    for (const one of filesOf(file)) {
      expect(existsSync(join(root, one)), `${one} does not exist`).toBe(true)
      const text = readFileSync(join(root, one), 'utf8')
      for (const name of namesOf(what)) expect(definesOrNames(text, name), `${name} in ${one}`).toBe(true)
    }
    // A file named in the words exists as well.
    for (const [named] of what.matchAll(/\b[\w/]+\.ts\b/g)) expect(existsSync(join(root, named))).toBe(true)
  })
})

/** A declaration, a method or a property of that name; of an option's name, its string. */
function definesOrNames(text: string, name: string): boolean {
  const declared = new RegExp(`\\b(function\\*?|class|const|let|interface|type|get)\\s+${name}\\b`)
  const member = new RegExp(`^\\s*((static|async|override|private|readonly|get)\\s+)*${name}\\s*[(<=:]`, 'm')
  return declared.test(text) || member.test(text) || text.includes(`'${name}'`)
}
