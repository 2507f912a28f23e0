/**
 * `fieldline completion bash`: what a shell offers after a tab. It prints a script, made of the commands;
 * it asks nobody.
 */

import { COMMON, type Command } from './command.ts'
import { misuse } from './failure.ts'

const SHELLS = { bash, zsh, fish } as const

/** The script of a shell. */
export function completion(shell: string, commands: readonly Command[]): string {
  const write = Object.entries(SHELLS).find(([name]) => name === shell)?.[1]
  if (!write) throw misuse(`completion needs a shell: ${Object.keys(SHELLS).join(', ')}.`)
  return write(commands)
}

/** What may follow `words`, the words of a command so far. */
function next(commands: readonly Command[], words: string[]): string[] {
  const found = commands.find(({ name }) => name === words.join(' '))
  if (found) return [...Object.keys(found.options), ...Object.keys(COMMON)].map(name => `--${name}`)
  const seconds = commands
    .map(({ name }) => name.split(' '))
    .filter(parts => words.every((word, i) => parts[i] === word))
    .flatMap(parts => parts[words.length] ?? [])
  return [...new Set(words.length ? seconds : [...seconds, 'help', 'completion'])]
}

/** The first words of commands that have two. */
function groupsOf(commands: readonly Command[]): string[] {
  return [...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? (name.split(' ')[0] ?? []) : [])))]
}

/** Each beginning, as a pattern of bash of its first two words, with what may follow. */
function cases(commands: readonly Command[]): [pattern: string, next: string[]][] {
  const groups = groupsOf(commands)
  return [
    ['" "', next(commands, [])],
    ['"completion "', Object.keys(SHELLS)],
    ['"help "', next(commands, [])],
    ...groups.map((group): [string, string[]] => [`"help ${group}"`, next(commands, [group])]),
    ...groups.map((group): [string, string[]] => [`"${group} "`, next(commands, [group])]),
    ...commands.map(({ name }): [string, string[]] => [patternOf(name), next(commands, name.split(' '))]),
  ]
}

function patternOf(name: string): string {
  return name.includes(' ') ? `"${name}"` : `"${name} "*`
}

/** Options of any command that no value follows. */
function switchesOf(commands: readonly Command[]): string[] {
  const options = [COMMON, ...commands.map(({ options }) => options)].flatMap(list => Object.entries(list))
  const valued = new Set(options.flatMap(([name, { value }]) => (value ? name : [])))
  const names = new Set(options.map(([name]) => name).filter(name => !valued.has(name)))
  return [...names].map(name => `--${name}`)
}

function bash(commands: readonly Command[]): string {
  const lines = cases(commands).map(([pattern, follow]) => `    ${pattern}) next="${follow.join(' ')}" ;;`)
  const ofFiles = commands
    .filter(({ operands }) => operands.includes('file'))
    .map(({ name }) => patternOf(name))
  return `# eval "$(fieldline completion bash)"
_fieldline() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" first="" second="" word next=""
  COMPREPLY=()
  # Where nothing is offered the shell offers files: they are what most values are.
  case "$before" in
    ${switchesOf(commands).join(' | ')}) ;;
    --*) return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "$word" in -*) break ;; esac
    if [ -z "$first" ]; then first="$word"; elif [ -z "$second" ]; then second="$word"; fi
  done
  case "$current" in
    -*) ;;
    *) case "$first $second" in ${ofFiles.join(' | ')}) return ;; esac ;;
  esac
  case "$first $second" in
${lines.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _fieldline fieldline`
}

function zsh(commands: readonly Command[]): string {
  return `# eval "$(fieldline completion zsh)"
autoload -U bashcompinit && bashcompinit
${bash(commands).split('\n').slice(1).join('\n')}`
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const lines = commands.flatMap(({ name, about, options }) => {
    const [first = '', second] = name.split(' ')
    const seen = `__fish_seen_subcommand_from ${first}${second ? `; and __fish_seen_subcommand_from ${second}` : ''}`
    const unseen = `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${next(commands, [first]).join(' ')}`
    return [
      second
        ? `complete -c fieldline -f -n '${unseen}' -a ${second} -d ${quoted(about)}`
        : `complete -c fieldline -f -n __fish_use_subcommand -a ${first} -d ${quoted(about)}`,
      ...Object.entries({ ...options, ...COMMON }).map(
        ([option, { help, value }]) =>
          `complete -c fieldline -n '${seen}' -l ${option}${value ? ' -r' : ''} -d ${quoted(help)}`,
      ),
    ]
  })
  return [
    '# fieldline completion fish | source',
    `complete -c fieldline -f -n __fish_use_subcommand -a '${groupsOf(commands).join(' ')} help completion'`,
    `complete -c fieldline -f -n '__fish_seen_subcommand_from completion' -a '${Object.keys(SHELLS).join(' ')}'`,
    `complete -c fieldline -f -n '__fish_seen_subcommand_from help' -a '${next(commands, []).join(' ')}'`,
    ...lines,
  ].join('\n')
}
