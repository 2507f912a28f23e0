/**
 * `npx fieldline`: sites, tokens, percentiles and reports from a terminal or a CI job. Arguments and environment go
 * in; what was asked for goes to the standard output, everything else to the standard error.
 */

import { readFileSync } from 'node:fs'
import { api } from './api.ts'
import { changes } from './changes.ts'
import { type Command, one, understand } from './command.ts'
import { exitCodeOf, MISUSED, misuse } from './failure.ts'
import { helpOf, overview } from './help.ts'
import { printable } from './printable.ts'
import { report } from './report.ts'
import { rulesFromOpenApi, rulesGet, rulesSet, rulesSuggest } from './rules.ts'
import { siteAdd, siteList, siteRemove, siteSet, siteShow } from './site.ts'
import { summary } from './summary.ts'
import { tokenCreate, tokenList, tokenRevoke } from './token.ts'

const COMMANDS: readonly Command[] = [
  siteAdd,
  siteList,
  siteShow,
  siteSet,
  siteRemove,
  tokenCreate,
  tokenList,
  tokenRevoke,
  rulesGet,
  rulesSet,
  rulesSuggest,
  rulesFromOpenApi,
  summary,
  changes,
  report,
]

// `fieldline summary | head` closes the pipe early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  await run(process.argv.slice(2))
} catch (error) {
  process.exitCode = exitCodeOf(error)
  const hint = process.exitCode === MISUSED ? '\nRun fieldline --help, or add --help to a command.' : ''
  note(`fieldline: ${error instanceof Error ? error.message : error}${hint}`)
}

async function run(args: string[]): Promise<void> {
  const [first = '', second = ''] = args
  if (first === '--version') return print(version())
  if (first === '--help' || first === 'help') return print(overview(COMMANDS))
  if (!first) {
    process.exitCode = MISUSED
    return note(overview(COMMANDS))
  }
  const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`)
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (!command && group.length && second === '--help') return print(overview(group))
  if (!command) throw misuse(unknown(first, second, group))

  const given = understand(command, args.slice(command.name.split(' ').length))
  if (given.help) return print(helpOf(command))
  if (command.offline) return command.run({ given, ask: noWorker, print, note })
  const url = one(given, 'url') ?? process.env.FIELDLINE_URL
  if (!url) throw misuse('No address: pass --url https://rum.example.com or set FIELDLINE_URL.')
  const token = one(given, 'token') ?? process.env.FIELDLINE_TOKEN
  if (!token) throw misuse('No token: pass --token or set FIELDLINE_TOKEN.')
  await command.run({ given: { ...given, url, token }, ask: api(url, token), print, note })
}

function noWorker(): never {
  throw new Error('this command asks no worker')
}

function unknown(first: string, second: string, group: readonly Command[]): string {
  if (!group.length) return `Unknown command ${first}.`
  const names = group.map(({ name }) => name).join(', ')
  return `${second ? `Unknown command ${first} ${second}` : `${first} needs a second word`}. Try ${names}.`
}

function print(text: string): void {
  process.stdout.write(safe(text))
}

function note(text: string): void {
  process.stderr.write(safe(text))
}

function safe(text: string): string {
  return `${text.split('\n').map(printable).join('\n')}\n`
}

/** The version of the package, whose file lies one folder above this one, built or not. */
function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}
