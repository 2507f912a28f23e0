/** What the CLI says of itself. */

import { COMMON, type Command, type Options } from './command.ts'

const CODES = `Exit codes: 0 done; 1 fieldline refused or cannot be reached; 2 the command line is wrong;
3 check found a breach; 4 check has too little data.`

/** Help of all commands, or of those of one group, `site`. */
export function overview(commands: readonly Command[]): string {
  const lines = commands.map(({ name, operands, about }) => [usage(name, operands), about])
  return `fieldline <command> [options]

${columns(lines)}

  help <command>, -h    print the help of a command
  completion <shell>    print completions for bash, zsh or fish
  --version, -v         print the version

Every command takes:

${columns(optionLines(COMMON))}

${CODES}`
}

/** Help of one command. */
export function helpOf({ name, operands, about, options }: Command): string {
  return `fieldline ${usage(name, operands)} [options]: ${about}.

${columns(optionLines({ ...options, ...COMMON }))}

${CODES}`
}

function usage(name: string, operands: string[]): string {
  return [name, ...operands.map(operand => `<${operand}>`)].join(' ')
}

function optionLines(options: Options): string[][] {
  return Object.entries(options).map(([name, { value, help, short }]) => [
    `--${name}${short ? `, -${short}` : ''}${value ? ` ${value}` : ''}`,
    help,
  ])
}

function columns(lines: string[][]): string {
  const width = Math.max(...lines.map(([left = '']) => left.length))
  return lines.map(([left = '', right = '']) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
