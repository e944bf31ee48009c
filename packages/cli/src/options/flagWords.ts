/**
 * Errors and notes of the library call options as a program writes them (`until`, `config.outputs`); who sits at
 * a command line is told what to type there. The one place that turns one into the other.
 */

/** What stands for a field of `config` where somebody is told to give it. */
const EXAMPLES: Readonly<Record<string, string>> = {
  activation: '"relu"',
  heads: '{"fc":"relu"}',
  layers: '[…]',
  oneHot: 'true',
  order: '["…"]',
  returnSequences: 'false',
  pool: '"mean"',
}

const FIELDS = Object.keys(EXAMPLES).join('|')

/** Each way of naming an option, and what is typed instead. */
const WAYS: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/with upTo: '([^']+)'/g, (_, layer) => `with --up-to ${word(layer)}`],
  [
    /(?:the option )?`upTo`|\bwith upTo\b/g,
    (all) => (all.startsWith('with') ? 'with --up-to LAYER' : '--up-to LAYER'),
  ],
  [/, upTo(?=:|$)/g, () => ', --up-to'],
  [/(?<=got )upTo (?=")|^upTo (?=")/g, () => '--up-to '],
  [/\bwith a prefix \(("[^)]*")\),?/g, (_, names) => `with ${prefixes(names)}`],
  [/\bor a prefix to read a part\b/g, () => 'or read a part of the file with --prefix NAME'],
  [/\bwith a prefix\b/g, () => 'with --prefix NAME'],
  [/\bconfig (\{.*?\})(?= )/g, (_, json) => `--config '${json.replace(/(?<=[:,]) /g, '')}'`],
  [
    /\bname the modules to read in config\.order/g,
    () => `name the modules to read, in order, with ${field('order')}`,
  ],
  [/\bGive config: the JSON/g, () => 'Give --config FILE: the JSON'],
  [/\bgive this one as its configuration/g, () => 'give this one with --config'],
  [new RegExp(`, config\\.(${FIELDS})(?=[[:]|$)`, 'g'), (_, name) => `, --config, ${name}`],
  [new RegExp(`(?<![\\w.])config\\.(${FIELDS})\\b`, 'g'), (_, name) => field(name)],
  [/\bimport it with a vocabulary/g, () => 'import it with --vocabulary FILE'],
  [
    /\bOnnxGraph runs the graph as it is/g,
    () => 'openOnnxGraph of latch/formats runs the graph as it is, in a program',
  ],
  [/\bor the answer says\b/g, () => 'or --output-activation says'],
]

/** A sentence with the library's options as flags. */
export function inFlags(sentence: string): string {
  return WAYS.reduce((text, [way, typed]) => text.replace(way, typed), sentence)
}

/** Whether it says to type something that `import` and `info` alone take. */
export function namesImportFlags(sentence: string): boolean {
  return /--(up-to|prefix|config|vocabulary|output-activation)\b/.test(sentence)
}

function field(name: string): string {
  return `--config '{"${name}":${EXAMPLES[name] ?? '…'}}'`
}

function prefixes(names: string): string {
  const [first, ...others] = names.split(', ').map((name) => word(JSON.parse(name) as string))
  return `--prefix ${first}${others.length > 0 ? ` (or ${others.join(', ')})` : ''}`
}

/** As a shell takes it for one word. */
function word(text: string): string {
  return /^[\w.:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
