/**
 * Words that Latch's own dialect used and the field does not, and where they still stand:
 *   node scripts/words.mjs            counts by folder
 *   node scripts/words.mjs WORD       every line with this word
 *   node scripts/words.mjs --check [PATH…]   fails if any is left below these paths
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A retired word, what replaces it, and what is left out of a line before the search: ordinary uses. */
const WORDS = [
  ['door', /\bdoors?\b/i, 'entry point, public API'],
  ['rung', /\brungs?\b/i, 'level of the API'],
  ['house', /\bhouse\b/i, 'architecture', /had a small house/g],
  ['witness', /witness/i, 'oracle, reference'],
  ['twin', /\btwins?\b|Twin/, 'reference implementation'],
  ['rig', /\brigs?\b|[a-z]Rig\b/, 'test helpers'],
  [
    'floor',
    /\bfloors?\b|Floor/i,
    'baseline, threshold',
    /(Math|f32|f64)(\.|<f32>\.)?floor|Floor: unary|`?floor\(|\(floor\)|floor of the (logarithm|quotient)/g,
  ],
  [
    'room',
    /\brooms?\b/i,
    'memory, capacity',
    /(living|class|meeting|waiting|the|of|in|her|his|a|clean|cold|small|great|nice|hotel) rooms?\b(?! for| of| to)|food service room|rooms? (was|is|were|are)|chat ?room|'song', 'room'/gi,
  ],
  ['crew', /crew/i, 'worker pool'],
  ['enlist', /\benlist/i, 'register'],
  ['team', /\bteams?\b|soloTeam|[a-z]Team\b/, 'thread pool, executor', /keras-team/g],
  // A letter of a text is one; a message to a worker is not.
  [
    'letter',
    /letters? (with|to|from) (a |the |each )?(module|workers?|engine)|(worker|engine)(’s|'s)? letters?/i,
    'message',
  ],
  ['told', /\btold\b/i, 'reported, notified'],
  [
    'tell',
    /\btells?\b|\btelling\b/i,
    'report, notify, say',
    /cannot tell (the|them|two)|tells? (the reader|apart|them apart|one)|tell about/gi,
  ],
  ['breathe', /breathe/i, 'yieldToEventLoop'],
  ['announce', /announce/i, 'register'],
  [
    'settle',
    /\bsettle[A-Z]|\bsettled?\b/,
    'resolve, flush',
    /allSettled|(let|if) \(?settled|settled(\)| = )|settled\(page\)/g,
  ],
  ['spreadLast', /spreadLast/, 'scatterLast'],
  ['usedRows', /usedRows/, 'sparseRows'],
  ['taps', /\btaps?\b/i, 'skip gradients'],
  ['carried', /\bCarried\b/, 'StateSlot'],
  ['demand', /\bdemand[A-Z]\w*|\bdemand\(/, 'assert, ensure'],
  ['refuse as a verb in code', /\brefuse[A-Z]\w*/, 'assert…'],
  ['lift', /\b[Ll]ift(ed|s|ing)?\b|\blift[A-Z]|Lift\b/, 'convert'],
  ['flagWords', /flagWords/, 'fix'],
  ['beside', /\bbeside\.|\bBeside\b/, 'import options'],
  ['in words', /\bin words\b/i, 'with a message', /for word in words|for w in words/g],
  ['what is no', /\bwhat is no(t)? /i, 'what is not a …'],
  ['such that there are', /\bthat there (is|are) not\b/i, 'unknown'],
  ['not to be had', /not to be had|to be had/i, 'not available'],
  ['in any company', /in any company|in company/i, 'in any combination'],
  ['so many times', /so many times as/i, 'times'],
  ['one’s own', /one[’']s own/i, 'your own'],
  ['no such', /\bno such\b/i, 'unknown, does not exist', /no such (file|directory)|@ts-expect-error.*/gi],
  ['somebody', /\bsomebody\b/i, 'another program, another', /somebody else moves there/g],
  ['those who', /\bthose who\b/i, 'users who'],
  ['as they stand', /\bas (it|they) stands?\b/i, 'unchanged, verbatim'],
  ['whoever', /\bwhoever\b/i, 'if you'],
  ['asks nobody', /\bnobody(’s|'s)?\b/i, 'no one, not'],
]

/** Other people's words: notes, data, generated code, this list; and history. */
const LEFT_OUT =
  /^(scripts\/words\.mjs|CHANGELOG\.md|package-lock\.json|bench\/package-lock\.json|bench\/results\/)|\/golden\/|\/public\/|\.(json|csv|png|txt|onnx|keras|svg|jsonl|safetensors)$/

function places() {
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  const found = []
  for (const file of tracked.split('\n').filter((name) => name && !LEFT_OUT.test(name))) {
    let text
    try {
      text = readFileSync(`${root}/${file}`, 'utf8')
    } catch {
      continue
    }
    text.split('\n').forEach((line, i) => {
      for (const [word, pattern, instead, ordinary] of WORDS) {
        const rest = ordinary ? line.replace(ordinary, '') : line
        if (pattern.test(rest)) found.push({ word, instead, file, line: i + 1, text: line.trim() })
      }
    })
  }
  return found
}

const folderOf = (file) =>
  /^packages\/latch\/(src|tests)\/[^/]+\//.exec(file)?.[0] ??
  /^(packages\/[^/]+\/[^/]+|[^/]+)\//.exec(file)?.[0] ??
  './'

const [asked, ...paths] = process.argv.slice(2)
const isAsked = (file) => paths.length === 0 || paths.some((path) => file.startsWith(path))
const found = places().filter(({ file }) => isAsked(file))
if (asked === '--check') {
  for (const { word, instead, file, line, text } of found)
    console.log(`${file}:${line} “${word}” → ${instead}: ${text.slice(0, 120)}`)
  process.exitCode = found.length > 0 ? 1 : 0
} else if (asked) {
  for (const { file, line, text } of found.filter(({ word }) => word === asked))
    console.log(`${file}:${line}: ${text.slice(0, 140)}`)
} else {
  const folders = new Map()
  for (const one of found) {
    const name = folderOf(one.file)
    if (!folders.has(name)) folders.set(name, [])
    folders.get(name).push(one)
  }
  for (const [folder, all] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const counts = {}
    for (const { word } of all) counts[word] = (counts[word] ?? 0) + 1
    const list = Object.entries(counts).sort(([, a], [, b]) => b - a)
    console.log(
      `${folder.padEnd(36)} ${String(all.length).padStart(4)}  ${list.map(([word, n]) => `${word} ${n}`).join(', ')}`,
    )
  }
  console.log(`${found.length} in all`)
}
