/**
 * `npx fieldline`: sites, figures, budgets, reports and checks from a terminal or a CI job. What was asked for goes to the
 * standard output, everything else to the standard error.
 */

import { api, opener } from './api.ts'
import { bfcache } from './bfcache.ts'
import { blocking } from './blocking.ts'
import { budgetAdd, budgetList, budgetRemove, budgetSet } from './budget.ts'
import { causes } from './causes.ts'
import { changes } from './changes.ts'
import { check } from './check.ts'
import { collectorAdd, collectorList, collectorRemove, collectorTest } from './collector.ts'
import { type Command, one, understand } from './command.ts'
import { completion } from './completion.ts'
import { deploy, deployList } from './deploy.ts'
import { doctor } from './doctor.ts'
import { errors } from './errors.ts'
import { exportData } from './export.ts'
import { exitCodeOf, isPipeClosed, MISUSED, misuse, REQUEST_FAILED } from './failure.ts'
import { helpOf, overview } from './help.ts'
import { importData } from './import.ts'
import { mcp } from './mcp.ts'
import { nearest } from './nearest.ts'
import { pageviews } from './pageviews.ts'
import { printable } from './printable.ts'
import { report } from './report.ts'
import { rulesFromOpenApi, rulesGet, rulesSet, rulesSuggest } from './rules.ts'
import { segmentsList, segmentsRemove, segmentsSet } from './segments.ts'
import { siteAdd, siteList, siteMove, siteRemove, siteSet, siteShow } from './site.ts'
import { summary } from './summary.ts'
import { tagsAdd, tagsList, tagsRemove } from './tags.ts'
import { tokenCreate, tokenList, tokenRevoke } from './token.ts'
import { trends } from './trends.ts'
import { typedBy } from './typed.ts'
import { version } from './version.ts'
import { webhookAdd, webhookList, webhookRemove, webhookTest } from './webhook.ts'

const HELP = ['--help', '-h']

const COMMANDS: readonly Command[] = [
  siteAdd,
  siteList,
  siteShow,
  siteSet,
  siteMove,
  siteRemove,
  tokenCreate,
  tokenList,
  tokenRevoke,
  rulesGet,
  rulesSet,
  rulesSuggest,
  rulesFromOpenApi,
  tagsList,
  tagsAdd,
  tagsRemove,
  segmentsList,
  segmentsSet,
  segmentsRemove,
  deploy,
  deployList,
  summary,
  changes,
  trends,
  causes,
  blocking,
  bfcache,
  errors,
  pageviews,
  report,
  exportData,
  importData,
  budgetList,
  budgetAdd,
  budgetSet,
  budgetRemove,
  webhookList,
  webhookAdd,
  webhookRemove,
  webhookTest,
  collectorList,
  collectorAdd,
  collectorRemove,
  collectorTest,
  check,
  doctor,
  mcp,
]

for (const output of [process.stdout, process.stderr])
  output.on('error', error => {
    // `fieldline summary | head` closes the pipe early.
    if (isPipeClosed(error)) return
    if (output === process.stdout) note(`fieldline: The output cannot be written: ${error.message}`)
    process.exit(REQUEST_FAILED)
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
  if (first === '--version' || first === '-v') return print(version())
  if (first === 'completion' && !HELP.includes(second)) return print(completion(second, COMMANDS))
  const named = args.slice(1).filter(arg => !arg.startsWith('-'))
  const isAsked = [...HELP, 'help'].includes(first)
  if (isAsked && named[0] === second) return run([...named, '--help'])
  if (isAsked || first === 'completion') return print(overview(COMMANDS))
  if (!first) {
    process.exitCode = MISUSED
    return note(overview(COMMANDS))
  }
  const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`)
  if (command) return start(command, args.slice(command.name.split(' ').length))
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length && HELP.includes(second)) return print(overview(group))
  throw misuse(unknown(first, second, group))
}

async function start(command: Command, args: string[]): Promise<void> {
  const given = understand(command, args)
  if (given.help) return print(helpOf(command))
  if (command.offline) return command.run({ given, ask: noWorker, open: noWorker, exit, print, note })
  const url = one(given, 'url') ?? process.env.FIELDLINE_URL
  if (!url) throw misuse('No address: pass --url https://rum.example.com or set FIELDLINE_URL.')
  const token = (one(given, 'token') ?? process.env.FIELDLINE_TOKEN)?.trim()
  if (token && /[^!-~]/.test(token))
    throw misuse('The token has a character that none can have: copy it anew for --token or FIELDLINE_TOKEN.')
  if (!token && !command.tokenless) throw misuse('No token: pass --token or set FIELDLINE_TOKEN.')
  const say = typedBy(command, given)
  const [ask, open] = [api(url, token ?? '', say), opener(url, token ?? '', say)]
  await command.run({ given: { ...given, url, token }, ask, open, exit, print, note })
}

function exit(code: number): void {
  process.exitCode = code
}

function noWorker(): never {
  throw new Error('this command asks no worker')
}

function unknown(first: string, second: string, group: readonly Command[]): string {
  if (!group.length) {
    const near = nearest(first, [...new Set(COMMANDS.flatMap(({ name }) => name.split(' ')[0] ?? []))])
    return `Unknown command ${first}.${near ? ` Did you mean ${near}?` : ''}`
  }
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
