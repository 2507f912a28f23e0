/**
 * `npm run setup`: from a clone to a deployed worker with its first site. It asks what it must know, does one step after the
 * other, and prints each. What is done already is left as it is, so it may run again.
 *
 *     npm run setup -- --site shop --origin https://shop.example --jurisdiction eu
 */

import { randomBytes } from 'node:crypto'
import { SECOND } from '../../schema/domain/hour.ts'
import { type Ask, api } from '../api.ts'
import { exitCodeOf, misuse, refused, statusOf } from '../failure.ts'
import { type Choices, choose, HELP, stopAsking } from './choices.ts'
import { migrate } from './migrate.ts'
import { npm, wrangler } from './program.ts'

/** As in wrangler.toml. */
const DATABASE = 'fieldline'
const STEPS = ['Account', 'Database', 'Build', 'Migrations', 'Deploy', 'ADMIN_TOKEN', 'Site'] as const
/** How long a new worker and its secret may take until they are everywhere, in ms. */
const SPREAD_TIME = 60 * SECOND
const PAUSE = SECOND

const LOG_IN = 'You are not logged in: run npx wrangler login, or set CLOUDFLARE_API_TOKEN.'
const LEFT_OUT = `left out: set FIELDLINE_TOKEN to the ADMIN_TOKEN and run this again.
  If nobody has it, npx wrangler secret put ADMIN_TOKEN sets another.`

/** The admin token, and whether it was set just now. */
interface Secret {
  token: string
  fresh: boolean
}

async function setup(choices: Choices): Promise<void> {
  const token = givenToken()
  step('Account')
  await wrangler(['whoami', '--json']).catch(({ message }: Error) => {
    throw refused(
      /fetch failed/.test(message) ? `Cloudflare cannot be reached.\n${message}` : `${message}\n${LOG_IN}`,
    )
  })
  step('Database')
  await createDatabase(choices)
  step('Build')
  if (choices.built) say('as it is')
  else await npm(['run', '--silent', 'build'])
  step('Migrations')
  await migrate(['--remote'])
  step('Deploy')
  const deployed = await wrangler(['deploy'])
  const url = choices.url ?? addressOf(deployed)
  say(url)
  step('ADMIN_TOKEN')
  const secret = await setSecret(token)
  step('Site')
  if (secret) await addSite(url, secret, choices)
  else say(LEFT_OUT)
  console.log(`
Put this on your pages:

  <script async src="${url}/fieldline.js" data-site="${choices.site}"></script>

Dashboard     ${url}/
In a terminal export FIELDLINE_URL=${url} FIELDLINE_TOKEN=<ADMIN_TOKEN>
Is all well?  npx fieldline doctor --site ${choices.site}`)
}

/** The address that wrangler deployed to: a domain of one's own before that of workers.dev. */
export function addressOf(said: string): string {
  const own = /^\s*(\S+) \(custom domain\)/m.exec(said)?.[1]
  const address = own ? `https://${own}` : /https:\/\/\S+\.workers\.dev/.exec(said)?.[0]
  if (!address) throw misuse('wrangler printed no address: give --url with that of your domain.')
  return address
}

async function createDatabase({ jurisdiction, place }: Choices): Promise<void> {
  const listed: { name: string; jurisdiction?: string | null }[] = JSON.parse(
    await wrangler(['d1', 'list', '--json']),
  )
  const found = listed.find(({ name }) => name === DATABASE)
  if (!found) {
    await wrangler(['d1', 'create', DATABASE, ...(await place())])
    return
  }
  if (jurisdiction && found.jurisdiction !== undefined && found.jurisdiction !== jurisdiction)
    throw refused(
      `The database ${DATABASE} is there, and its jurisdiction is ${found.jurisdiction ?? 'none'}, not ${jurisdiction}. It cannot be changed: export it and delete it first.`,
    )
  say('is there')
}

/** The token of the environment, which CI jobs set to nothing where there is no such secret. */
function givenToken(): string | undefined {
  const token = process.env.FIELDLINE_TOKEN?.trim()
  if (token?.startsWith('fl_'))
    throw misuse('FIELDLINE_TOKEN is a read token: set it to the ADMIN_TOKEN, or unset it for a new one.')
  return token || undefined
}

/** Sets a new token, or that of the environment; undefined where one is set that nobody tells. */
async function setSecret(given: string | undefined): Promise<Secret | undefined> {
  const secrets: { name: string }[] = JSON.parse(await wrangler(['secret', 'list', '--format', 'json']))
  if (secrets.some(({ name }) => name === 'ADMIN_TOKEN')) {
    say('is set')
    return given ? { token: given, fresh: false } : undefined
  }
  const token = given ?? randomBytes(24).toString('hex')
  // Before it is set: whoever is cut off in between would have a token that nobody knows.
  if (!given) say(`Save it now, it is shown once: ${token}`)
  await wrangler(['secret', 'put', 'ADMIN_TOKEN'], token)
  return { token, fresh: true }
}

async function addSite(url: string, { token, fresh }: Secret, { site, origins }: Choices): Promise<void> {
  console.log(`  $ npx fieldline site add ${site} ${origins.map(origin => `--origin ${origin}`).join(' ')}`)
  const ask: Ask = api(url, token)
  const deadline = Date.now() + SPREAD_TIME
  for (;;) {
    try {
      await ask('PUT', `/v1/sites/${site}`, { body: { origins }, headers: { 'If-None-Match': '*' } })
      return
    } catch (error) {
      const status = statusOf(error)
      if (status === 412) return say('is there')
      const isEarly = status === undefined || status === 404 || status >= 500 || (fresh && status === 401)
      if (!isEarly || Date.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, PAUSE))
    }
  }
}

function step(name: (typeof STEPS)[number]): void {
  console.log(`${STEPS.indexOf(name) + 1}/${STEPS.length} ${name}`)
}

function say(what: string): void {
  console.log(`  ${what}`)
}

if (import.meta.main) {
  try {
    const choices = await choose(process.argv.slice(2))
    if (choices) await setup(choices)
    else console.log(HELP)
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    console.error(`\n${error instanceof Error ? error.message : error}`)
    if (process.exitCode === 1) console.error('Mend this and run npm run setup again: it goes on here.')
  } finally {
    stopAsking()
  }
}
