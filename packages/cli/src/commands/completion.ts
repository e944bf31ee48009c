/** `latch completion`: scripts that complete commands, options and their values in a shell, from the commands themselves. */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { choicesOf, oneOf } from '../options/options.ts'
import type { Output } from '../terminal/output.ts'
import { wrapHelp } from '../terminal/helpText.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

const EXAMPLES = `
Examples:
  $ latch completion bash > ~/.local/share/bash-completion/completions/latch
  $ latch completion zsh > ~/.zfunc/_latch
  $ latch completion fish > ~/.config/fish/completions/latch.fish
Or for one session: eval "$(latch completion bash)". In zsh, the folder must be in fpath
before compinit runs: fpath=(~/.zfunc $fpath).`

export function completionCommand(output: Output) {
  return new Command('completion')
    .summary('print a script that completes commands and options in a shell')
    .description('Print a script that completes commands, options and their values in bash, zsh or fish.')
    .argument('<shell>', SHELLS.join(', '), oneOf('completion', SHELLS))
    .addHelpText('after', () => wrapHelp(EXAMPLES, output.width))
    .action((shell, _flags, command) => {
      const latch = command.parent as unknown as CommandUnknownOpts
      const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }
      output.print(scripts[shell](latch.commands.map(completed)))
    })
}

interface CompletedOption {
  long: string
  short: string | undefined
  words: string
  takesValue: boolean
  /** Every value that it takes; null: any, such as a file. */
  choices: readonly string[] | null
}

interface CompletedCommand {
  name: string
  summary: string
  options: readonly CompletedOption[]
  /** Every value of its argument; null: any, such as a file. */
  choices: readonly string[] | null
}

function completed(command: CommandUnknownOpts): CompletedCommand {
  const options = command.options.map(({ long, short, description, required, optional, parseArg }) => ({
    long: long!,
    short: short ?? undefined,
    words: description,
    takesValue: required || optional,
    choices: choicesOf(parseArg),
  }))
  const help = { long: '--help', short: '-h', words: 'show help', takesValue: false, choices: null }
  const [argument] = command.registeredArguments
  return {
    name: command.name(),
    summary: command.summary(),
    options: [...options, help],
    choices: choicesOf(argument?.parseArg),
  }
}

const TOP_OPTIONS = [
  { long: '--help', short: '-h', words: 'show help' },
  { long: '--version', short: '-V', words: 'print the version' },
] as const
const HELP = { name: 'help', summary: 'show help for a command' } as const

/** In single quotes. */
function bashQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const reply = (words: readonly string[]) =>
    `COMPREPLY=($(compgen -W ${bashQuoted(words.join(' '))} -- "$current"))`
  const names = [...commands, HELP].map(({ name }) => name)
  const values = commands.flatMap(({ name, options, choices }) => [
    ...options
      .filter(({ takesValue }) => takesValue)
      .map((option) => {
        const patterns = [option.long, ...(option.short === undefined ? [] : [option.short])]
        const words = option.choices === null ? 'COMPREPLY=()' : reply(option.choices)
        return `    ${patterns.map((flag) => bashQuoted(`${name} ${flag}`)).join('|')}) ${words}; return ;;`
      }),
    ...(choices === null ? [] : [`    ${bashQuoted(`${name} ${name}`)}) ${reply(choices)}; return ;;`]),
  ])
  const flags = commands.map(
    ({ name, options }) => `    ${name}) ${reply(options.map(({ long }) => long))} ;;`,
  )
  return `# Completion of latch in bash: eval "$(latch completion bash)"
_latch() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    ${reply([...names, ...TOP_OPTIONS.map(({ long }) => long)])}
    return
  fi
  case "$command $previous" in
    'help help') ${reply(commands.map(({ name }) => name))}; return ;;
${values.join('\n')}
  esac
  [[ $current == -* ]] || return
  case "$command" in
${flags.join('\n')}
  esac
}
complete -o default -F _latch latch`
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const plain = (text: string) => text.replaceAll(/[\\[\]:]/g, String.raw`\$&`)
  const named = [...commands, HELP].map(({ name, summary }) => bashQuoted(`${name}:${plain(summary)}`))
  const optionSpec = ({ long, words, takesValue, choices }: CompletedOption) => {
    const action = choices === null ? '_files' : `(${choices.join(' ')})`
    return bashQuoted(`${long}[${plain(words)}]${takesValue ? `:value:${action}` : ''}`)
  }
  const cases = commands.map(({ name, options, choices }) => {
    const rest = bashQuoted(choices === null ? '*:file:_files' : `1:value:(${choices.join(' ')})`)
    const specs = [...options.map(optionSpec), rest]
    return `    ${name}) _arguments ${specs.map((spec) => `\\\n      ${spec}`).join(' ')} ;;`
  })
  return `#compdef latch
# Completion of latch in zsh: a file _latch in a folder of fpath.
_latch() {
  local -a commands
  commands=(
${named.map((one) => `    ${one}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help) _describe 'command' commands ;;
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _latch ]]; then _latch "$@"; else compdef _latch latch; fi`
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`
  const line = (...parts: readonly string[]) => ['complete -c latch', ...parts].join(' ')
  const names = [...commands, HELP].map(({ name, summary }) =>
    line('-n __fish_use_subcommand -f', `-a ${name}`, `-d ${quoted(summary)}`),
  )
  const top = TOP_OPTIONS.map(({ long, short, words }) =>
    line('-n __fish_use_subcommand -f', `-s ${short.slice(1)} -l ${long.slice(2)}`, `-d ${quoted(words)}`),
  )
  const of = commands.flatMap(({ name, options, choices }) => {
    const seen = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`
    const values = choices === null ? [] : [line(seen, `-f -a ${quoted(choices.join(' '))}`)]
    const flags = options.map((option) => {
      const short = option.short === undefined ? '' : `-s ${option.short.slice(1)} `
      const value = option.choices === null ? '-r' : `-x -a ${quoted(option.choices.join(' '))}`
      const taken = option.takesValue ? [value] : []
      return line(seen, `${short}-l ${option.long.slice(2)}`, ...taken, `-d ${quoted(option.words)}`)
    })
    return [...values, ...flags]
  })
  const helped = line(
    `-n ${quoted('__fish_seen_subcommand_from help')}`,
    `-f -a ${quoted(commands.map(({ name }) => name).join(' '))}`,
  )
  const comment = '# Completion of latch in fish: ~/.config/fish/completions/latch.fish'
  return [comment, ...names, ...top, helped, ...of].join('\n')
}
