/**
 * The licences of the third-party code, styles and fonts inside a package: what its file THIRD-PARTY-LICENSES.txt
 * says. Dependencies that npm installs beside a package bring their own.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const LICENCES_FILE = 'THIRD-PARTY-LICENSES.txt'

/** Licences that production code and bundled parts may have. */
export const ALLOWED = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'MPL-2.0',
  'OFL-1.1',
  '0BSD',
]
/** Fonts whose package names a free licence by another name. */
const OWN_WORDS = { 'dejavu-fonts-ttf': 'LicenseRef-Bitstream-Vera' }

/** The SPDX expression of a package. */
export function licenceOf({ name, license, licenses }) {
  return OWN_WORDS[name] ?? license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'none'
}

/** Whether an expression names allowed licences: one of those after OR, all of those after AND. */
export function isAllowed(expression) {
  return expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((part) =>
      part.split(' AND ').every((one) => ALLOWED.includes(one) || one.startsWith('LicenseRef-')),
    )
}

const RULE = '='.repeat(80)

/**
 * One section a package: name, version, licence and its full text. A package without a file of its licence
 * gives the notices at the head of its sources.
 * @param parts `{ folder, sources, use }`: a package, its files that are used, and what they are used for
 */
export function licencesText(parts) {
  const sections = parts.map(({ folder, sources = [], use }) => {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const expression = licenceOf(about)
    if (!isAllowed(expression)) throw new Error(`${about.name}: the licence ${expression} is not allowed`)
    const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(name))
    const texts = files.toSorted().map((name) => readFileSync(join(folder, name), 'utf8').trim())
    const notices = texts.length > 0 ? texts : headNotices(sources)
    if (notices.length === 0) throw new Error(`${about.name}: no text of its licence`)
    const head = `${about.name} ${about.version}, licence ${expression}${use ? `: ${use}` : ''}`
    return { name: about.name, text: [head, ...notices].join('\n\n') }
  })
  const sorted = sections.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const words = 'This package contains code or fonts of the following packages.'
  return `${[words, ...sorted.map(({ text }) => text)].join(`\n\n${RULE}\n`)}\n`
}

function headNotices(sources) {
  const heads = sources.map((file) => /^(?:\/\/.*\n)+|^\/\*[^]*?\*\//.exec(readFileSync(file, 'utf8'))?.[0])
  return [...new Set(heads.filter((head) => head && /copyright|licen[cs]e/i.test(head)))].map((head) =>
    head.trim(),
  )
}
