/**
 * `npm run setup`: from a clone to a deployed worker with its first site. It asks what it must know, does one step after the
 * other, and says what it did. What is done already is left as it is, so it may run again.
 *
 *     npm run setup -- --site shop --origin https://shop.example --jurisdiction eu
 */

import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { parseArgs } from 'node:util'
import { type Ask, api } from '../api.ts'
import { statusOf } from '../failure.ts'
import { npm, wrangler } from './program.ts'

const DATABASE = 'fieldline'
/** How long a new worker may take until it answers everywhere, in ms. */
const PATIENCE = 60_000
const PAUSE = 1_000

const OPTIONS = {
  site: { type: 'string' },
  origin: { type: 'string', multiple: true },
  jurisdiction: { type: 'string' },
  url: { type: 'string' },
  /** What is in dist is deployed as it is. */
  built: { type: 'boolean' },
} as const

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS })
  const site = values.site ?? (await question('Name of your first site', 'shop'))
  const origins = values.origin ?? [await question('Its origin', 'https://shop.example')]

  step('Cloudflare account')
  await wrangler(['whoami'], 'Run npx wrangler login first, or set CLOUDFLARE_API_TOKEN.')
  await database(values.jurisdiction)
  step('Build')
  if (!values.built) await npm(['run', '-s', 'build'])
  step('Migrations')
  await wrangler(['d1', 'migrations', 'apply', 'DB', '--remote'])
  step('Deploy')
  const said = await wrangler(['deploy'])
  const url = values.url ?? /https:\/\/\S+\.workers\.dev/.exec(said)?.[0]
  if (!url) throw new Error('wrangler named no address: pass --url with that of your domain.')
  done(url)
  const token = await secret()
  if (!token) {
    console.log(
      `  ADMIN_TOKEN is set already. To add the site, run again with FIELDLINE_TOKEN in the environment.`,
    )
    return
  }
  await addSite(url, token, site, origins)
  console.log(`
Put this on your pages:

  <script async src="${url}/fieldline.js" data-site="${site}"></script>

Dashboard: ${url}/
Then look whether all is well: npx fieldline doctor --url ${url} --site ${site}`)
}

async function database(jurisdiction: string | undefined): Promise<void> {
  step('Database')
  const listed: { name: string }[] = JSON.parse(await wrangler(['d1', 'list', '--json']))
  if (listed.some(({ name }) => name === DATABASE)) return done('it is there')
  const where =
    jurisdiction ??
    (await question(
      'Keep its data in a jurisdiction, which cannot be changed later (eu, us, or none)',
      'none',
    ))
  await wrangler(['d1', 'create', DATABASE, ...(where === 'none' || !where ? [] : ['--jurisdiction', where])])
  done(where === 'none' || !where ? 'created' : `created in ${where}`)
}

/** The admin token: a new one, or that of the environment; undefined where it is set and nobody says it. */
async function secret(): Promise<string | undefined> {
  step('ADMIN_TOKEN')
  const given = process.env.FIELDLINE_TOKEN
  const secrets: { name: string }[] = JSON.parse(await wrangler(['secret', 'list', '--format', 'json']))
  if (secrets.some(({ name }) => name === 'ADMIN_TOKEN')) return given
  const token = given ?? randomBytes(24).toString('hex')
  await wrangler(['secret', 'put', 'ADMIN_TOKEN'], undefined, token)
  done('set')
  if (!given) console.log(`  Save it now, it is shown once: ${token}`)
  return token
}

async function addSite(url: string, token: string, site: string, origins: string[]): Promise<void> {
  step(`Site ${site}`)
  const ask: Ask = api(url, token)
  const deadline = Date.now() + PATIENCE
  for (;;) {
    try {
      await ask('PUT', `/v1/sites/${encodeURIComponent(site)}`, {
        body: { origins },
        headers: { 'If-None-Match': '*' },
      })
      return done('added')
    } catch (error) {
      const status = statusOf(error)
      if (status === 409 || status === 412) return done('it is there')
      // A new worker, or its secret, is not everywhere at once.
      const early = status === undefined || status === 401 || status === 404 || status >= 500
      if (!early || Date.now() > deadline) throw error
      await new Promise(resolve => setTimeout(resolve, PAUSE))
    }
  }
}

async function question(text: string, usual: string): Promise<string> {
  if (!process.stdin.isTTY) {
    if (text.startsWith('Keep')) return usual
    throw new Error(`${text}? Pass --site and --origin where nobody can answer.`)
  }
  const line = createInterface({ input: process.stdin, output: process.stdout })
  const answer = (await line.question(`${text} [${usual}]: `)).trim()
  line.close()
  return answer || usual
}

function step(name: string): void {
  console.log(`- ${name}`)
}

function done(what: string): void {
  console.log(`  ${what}`)
}

try {
  await main()
} catch (error) {
  console.error(
    `\n${error instanceof Error ? error.message : error}\nMend this and run npm run setup again: it goes on here.`,
  )
  process.exitCode = 1
}
