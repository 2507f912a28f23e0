/**
 * What the setup must know before it begins: options of the command line, or answers of a person. A wrong one ends the setup
 * before anything is made, and names its option.
 */

import { createInterface, type Interface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { eitherOf, SITE_NAME } from '../../schema/api/fields.ts'
import { SITE_SETTINGS } from '../../schema/api/site.ts'
import { misuse } from '../failure.ts'

const JURISDICTIONS = ['eu', 'us', 'fedramp']
const LOCATIONS = ['weur', 'eeur', 'apac', 'oc', 'wnam', 'enam']
const NONE = 'none'

export const HELP = `npm run setup -- [options]

  --site shop                     name of the first site
  --origin https://shop.example   who may send its beacons; may be repeated
  --jurisdiction eu               where its data must stay: ${JURISDICTIONS.join(', ')}, or ${NONE}. It cannot be changed later
  --location weur                 or a place it should be near: ${LOCATIONS.join(', ')}
  --url https://rum.shop.example  the worker's address, if wrangler prints none
  --built                         deploys what is in dist as it is

It asks for what is not given. In a CI job, set CLOUDFLARE_API_TOKEN and give --site, --origin and --jurisdiction.`

const OPTIONS = {
  site: { type: 'string' },
  origin: { type: 'string', multiple: true },
  jurisdiction: { type: 'string' },
  location: { type: 'string' },
  url: { type: 'string' },
  built: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

export interface Choices {
  site: string
  origins: string[]
  /** Where the database is created: arguments of `wrangler d1 create`. Asked only where there is none. */
  place(): Promise<string[]>
  /** The jurisdiction that was asked for on the command line. */
  jurisdiction: string | undefined
  url: string | undefined
  built: boolean
}

/** The choices of a command line; undefined where it asks for help. Throws a misuse where one does not fit. */
export async function choose(args: string[]): Promise<Choices | undefined> {
  const { values } = readOptions(args)
  if (values.help) return undefined
  const { jurisdiction, location, url, built } = values
  oneOf('--jurisdiction', jurisdiction, [...JURISDICTIONS, NONE])
  oneOf('--location', location, LOCATIONS)
  if (jurisdiction !== undefined && jurisdiction !== NONE && location !== undefined)
    throw misuse('--location has no effect in a jurisdiction: give one of them')
  if (url !== undefined && !/^https?:\/\/[^/]+$/.test(url))
    throw misuse('--url must be an address without a path: https://rum.shop.example')

  const site = await fitting(
    '--site',
    SITE_NAME,
    values.site ?? (await ask('Name of your first site', '--site')),
  )
  const given = values.origin ?? [await ask(`Origin of ${site}, such as https://shop.example`, '--origin')]
  const { origins } = SITE_SETTINGS.entries
  return {
    site,
    origins: await fitting('--origin', origins, given),
    jurisdiction: jurisdiction === NONE ? undefined : jurisdiction,
    url,
    built,
    async place() {
      if (location !== undefined) return ['--location', location]
      const where =
        jurisdiction ??
        (await ask(
          `Jurisdiction that keeps the data, which cannot be changed later (${JURISDICTIONS.join(', ')}, ${NONE})`,
          '--jurisdiction',
        ))
      oneOf('--jurisdiction', where, [...JURISDICTIONS, NONE])
      return where === NONE ? [] : ['--jurisdiction', where]
    },
  }
}

function readOptions(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS })
  } catch (error) {
    throw misuse(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

/** A schema, as https://standardschema.dev has it. */
interface Schema<T> {
  '~standard': {
    validate(value: unknown): Result<T> | Promise<Result<T>>
  }
}
type Result<T> = { value: T; issues?: undefined } | { issues: readonly { message: string }[] }

async function fitting<T>(option: string, schema: Schema<T>, value: unknown): Promise<T> {
  const result = await schema['~standard'].validate(value)
  if (result.issues) throw misuse(`${option} ${result.issues[0]?.message}`)
  return result.value
}

function oneOf(option: string, value: string | undefined, names: string[]): void {
  if (value !== undefined && !names.includes(value)) throw misuse(`${option} must be ${eitherOf(names)}`)
}

let terminal: { lines: AsyncIterator<string>; close(): void } | undefined

/** The answer to a question, a line of the standard input. Where nobody answers, the option is to be given. */
async function ask(question: string, option: string): Promise<string> {
  terminal ??= open(createInterface({ input: process.stdin }))
  process.stdout.write(`${question}: `)
  const { value, done } = await terminal.lines.next()
  if (done) throw misuse(`\nNobody answers: give ${option}.`)
  return value.trim()
}

function open(lines: Interface) {
  return { lines: lines[Symbol.asyncIterator](), close: () => lines.close() }
}

/** Lets the program end: nothing more is asked. */
export function stopAsking(): void {
  terminal?.close()
  terminal = undefined
}
