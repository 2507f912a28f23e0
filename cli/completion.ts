/**
 * `fieldline completion bash`: what a shell offers after a tab. The commands go in, a script for the shell comes out;
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

/** Each beginning of a command with what may follow. */
function cases(commands: readonly Command[]): [words: string, next: string[]][] {
  const beginnings = commands.flatMap(({ name }) => {
    const [first = ''] = name.split(' ')
    return [first, name]
  })
  return [...new Set(beginnings)].map(words => [words, next(commands, words.split(' '))])
}

function bash(commands: readonly Command[]): string {
  const lines = cases(commands).map(([words, follow]) => `    "${words}") next="${follow.join(' ')}" ;;`)
  return `# eval "$(npx fieldline completion bash)"
_fieldline() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="" word next=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; *) [ "$(wc -w <<< "$words")" -lt 2 ] && words="$words\${words:+ }$word" ;; esac
  done
  case "$words" in
    "") next="${next(commands, []).join(' ')}" ;;
${lines.join('\n')}
    *) case "\${words%% *}" in
${cases(commands)
  .filter(([words]) => !words.includes(' '))
  .map(([words, follow]) => `      ${words}) next="${follow.join(' ')}" ;;`)
  .join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -F _fieldline fieldline`
}

function zsh(commands: readonly Command[]): string {
  return `# eval "$(npx fieldline completion zsh)"
autoload -U bashcompinit && bashcompinit
${bash(commands).split('\n').slice(1).join('\n')}`
}

function fish(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const lines = commands.flatMap(({ name, about, options }) => {
    const [first = '', second] = name.split(' ')
    const seen = `__fish_seen_subcommand_from ${first}${second ? `; and __fish_seen_subcommand_from ${second}` : ''}`
    return [
      second
        ? `complete -c fieldline -f -n '__fish_seen_subcommand_from ${first}' -a ${second} -d ${quoted(about)}`
        : `complete -c fieldline -f -n __fish_use_subcommand -a ${first} -d ${quoted(about)}`,
      ...Object.entries({ ...options, ...COMMON }).map(
        ([option, { help, value }]) =>
          `complete -c fieldline -n '${seen}' -l ${option}${value ? ' -r' : ''} -d ${quoted(help)}`,
      ),
    ]
  })
  const groups = [...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? name.split(' ')[0] : [])))]
  return [
    '# npx fieldline completion fish | source',
    `complete -c fieldline -f -n __fish_use_subcommand -a '${groups.join(' ')} help completion'`,
    ...lines,
  ].join('\n')
}
