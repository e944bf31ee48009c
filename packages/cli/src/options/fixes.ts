/** The options that an error offers, as the flags to type: the library names them as a program passes them. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { type Fix, fixInProgram } from 'latch'
import { closestName } from 'latch/inspection'
import { formatNames, shellOption, shellWord } from './options.ts'

/** The flags of each command, by its name: `--up-to` with its placeholder, `LAYER`. */
export type CommandFlags = ReadonlyMap<string, ReadonlyMap<string, string>>

/** What is needed to name flags: all of them, and the command that was run. */
export interface Typed {
  command: string
  flags: CommandFlags
}

/** What was typed, by the command that runs (or failed). */
export function getTyped(command: CommandUnknownOpts): Typed {
  const { commands } = command.parent ?? command
  const flags = commands.map((one) => {
    const placeholders = one.options.map(({ long, flags: text }) => {
      return [long ?? '', /<(.+)>/.exec(text)?.[1].toUpperCase() ?? ''] as const
    })
    return [one.name(), new Map(placeholders)] as const
  })
  return { command: command.name(), flags: new Map(flags) }
}

/** `(Did you mean --units?)` behind an error of the parser about an unknown option or command. */
export function didYouMean(message: string, { command, flags }: Typed): string | undefined {
  const [, kind, name] = /unknown (option|command) '([^']*)'/.exec(message) ?? []
  if (kind === undefined) return undefined
  if (kind === 'command') {
    const closest = closestName(name, [...flags.keys(), 'help'])
    return closest && `(Did you mean ${closest}?)`
  }
  const known = [...(flags.get(command)?.keys() ?? ['--version']), '--help'].map((flag) => flag.slice(2))
  const closest = closestName(name.replace(/^-+/, '').replace(/=.*$/s, ''), known)
  return closest && `(Did you mean --${closest}?)`
}

/** The option that an error is about, as the flag of the command that ran: `option reset` is `--reset`. */
export function placeAsFlag(where: string, { command, flags }: Typed): string {
  const name = /^(?:option (\w+)|label)$/.exec(where)
  if (!name) return where
  const flag = toFlag(name[1] ?? where)
  return flags.get(command)?.has(flag) ? flag : where
}

/** Functions of the library that remedies name, as the commands that do the same. */
const COMMANDS: Readonly<Record<string, string>> = {
  "`importFile` of 'latch/formats'": '`latch import`',
  '`fit`': '`latch train --from MODEL`',
}

/** A remedy in the words of the command line: functions as commands, and options as flags of the command that ran. */
export function remedyAsFlags(remedy: string, { command, flags }: Typed): string {
  const inCommands = Object.entries(COMMANDS)
    .reduce((text, [name, typed]) => text.replace(name, typed), remedy)
    // To the command itself it says nothing.
    .replace(command === 'import' ? / ?`latch import` opens any model\./ : /$^/, '')
  return inCommands.replace(/`([a-z][A-Za-z]*)`/g, (word, option: string) => {
    const owner = findOwner(toFlag(option), command, flags)
    return owner === command ? `\`${toFlag(option)}\`` : word
  })
}

/** A sentence for each fix; fixes that differ in their value alone share one. */
export function fixesAsFlags(fixes: readonly Fix[], typed: Typed): string[] {
  const groups = new Map<string, Fix[]>()
  for (const fix of fixes) {
    const key = `${fix.option} ${fix.to}`
    groups.set(key, [...(groups.get(key) ?? []), fix])
  }
  return [...groups.values()].map((group) => formatGroup(group, typed))
}

function formatGroup(group: readonly Fix[], { command, flags }: Typed): string {
  const [{ option, to }] = group
  const flag = toFlag(option)
  const owner = findOwner(flag, command, flags)
  if (owner === null) return fixInProgram(group[0]).replace(/^Pass/, 'In a program, pass')
  const placeholder = flags.get(owner)!.get(flag)!
  const typed = group.map(
    (fix) => `\`${command === owner ? '' : `latch ${owner} `}${formatFlag(fix, placeholder)}\``,
  )
  const purpose = to === undefined ? '' : ` to ${to}`
  const then = command === owner ? '' : `, then run \`latch ${command}\` on the model that it saves`
  return `Use ${typed.join(' or ')}${purpose}${then}.`
}

/** The command that takes the flag: the one that was run before all others. */
function findOwner(flag: string, command: string, flags: CommandFlags): string | null {
  const others = [...flags.keys()].filter((name) => flags.get(name)!.has(flag))
  return others.includes(command) ? command : (others.find((name) => name === 'import') ?? others[0] ?? null)
}

/** Flags whose names are shorter than the library's options. */
const SHORT_FLAGS: Readonly<Record<string, string>> = {
  batchSize: '--batch',
  learningRate: '--lr',
  clipNorm: '--clip',
  minimumCount: '--min-count',
  maximumVocabulary: '--max-vocabulary',
  maximumLength: '--max-length',
}

/** `upTo` is `--up-to`; a field of the configuration, `config.order`, is part of `--config`. */
export function toFlag(option: string): string {
  if (Object.hasOwn(SHORT_FLAGS, option)) return SHORT_FLAGS[option]
  return `--${option.split('.', 1)[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `--up-to lstm_1`, `--config '{"order":["emb","rnn"]}'`. */
function formatFlag({ option, value }: Fix, placeholder: string): string {
  const [, ...path] = option.split('.')
  const flag = toFlag(option)
  if (path.length > 0) {
    const nested = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value ?? '…')
    return `${flag} ${shellWord(JSON.stringify(nested))}`
  }
  if (typeof value === 'boolean' && placeholder === 'YES|NO') return `${flag} ${value ? 'yes' : 'no'}`
  if (value === true) return flag
  if (value === undefined) return placeholder === '' ? flag : `${flag} ${placeholder}`
  return shellOption(flag, textOf(value))
}

/** A value as it is typed. */
function textOf(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return formatNames(value)
  return value === '\t' ? 'tab' : typeof value === 'object' ? JSON.stringify(value) : String(value)
}
