/**
 * A fieldline on this machine with the demo shop.
 * `npm start`, `npm run demo` and the tests use it. `npm run build` must have run before.
 */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databasesIn } from '../../cli/setup/migrate.ts'
import { claimPort } from './ports.ts'
import { ensureToken } from './secrets.ts'
import { killWrangler, ROOT, runWrangler, spawnWrangler, stopWrangler } from './wrangler.ts'

/** How long a start may take, in ms. */
const START_TIMEOUT = 90_000
/** The cron's interval in ms, as in wrangler.toml. */
const CRON_INTERVAL = 300_000

/** Every origin that a browser on this machine may show the shop under. */
const ORIGINS = ['http://localhost:*', 'http://127.0.0.1:*']

interface LocalOptions {
  /** 0 takes any free port. */
  port: number
  /** Folder of D1 and of the files served; a temporary one, removed at the stop, where none is given. */
  state?: string
  /** File that holds ADMIN_TOKEN, or will; inside the state folder where none is given. */
  secrets?: string
  /** Hears every line that wrangler and the worker print. */
  say?: (line: string) => void
}

export interface LocalServer {
  /** `http://localhost:8787` */
  url: string
  token: string
  /** Resolves with wrangler's exit code when it ends, whoever ended it. */
  ended: Promise<number | null>
  stop(): Promise<void>
}

/** Starts a server with the site `demo`. Throws, leaving nothing behind, where that fails. */
export async function startLocal({
  port,
  state,
  secrets,
  say = console.error,
}: LocalOptions): Promise<LocalServer> {
  const claimed = await claimPort(port)
  const folder = state ?? mkdtempSync(join(tmpdir(), 'fieldline-'))
  const secretsFile = secrets ?? join(folder, '.dev.vars')
  mkdirSync(folder, { recursive: true })
  const token = ensureToken(secretsFile)
  const url = `http://localhost:${claimed}`

  const clean = () => {
    if (!state) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const toml = readFileSync(join(ROOT, 'wrangler.toml'), 'utf8')
  for (const name of databasesIn(toml)) {
    await runWrangler(['d1', 'migrations', 'apply', name, '--local', '--persist-to', folder]).catch(error => {
      clean()
      throw error
    })
  }
  let trouble = ''
  const child = spawnWrangler(devArguments(claimed, folder, secretsFile), line => {
    if (line.trim()) say(line)
    // Wrangler would wait for the source to change.
    if (line.includes('Build failed')) trouble = 'The worker does not build.'
  })
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  void ended.then(code => {
    trouble ||= `wrangler ended with code ${code}.`
  })
  // A program that ends without a stop leaves nothing running, either.
  const abandon = () => {
    killWrangler(child)
    clean()
  }
  process.once('exit', abandon)
  const stop = async () => {
    process.off('exit', abandon)
    await stopWrangler(child)
    clean()
  }
  try {
    await healthy(url, () => trouble)
    await createSite(url, token, 'demo')
    await runCron(url)
  } catch (error) {
    await stop()
    throw error
  }
  // What goes wrong in a run, the worker logs.
  const clock = setInterval(() => runCron(url).catch(say), CRON_INTERVAL)
  void ended.then(() => clearInterval(clock))
  return { url, token, ended, stop }
}

function devArguments(port: number, folder: string, secretsFile: string): string[] {
  const address = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0']
  const files = ['--persist-to', folder, '--env-file', secretsFile, '--assets', gatherAssets(folder)]
  const quiet = ['--log-level', 'error', '--show-interactive-dev-session', 'false']
  return ['dev', 'demo/local/worker.ts', ...address, ...files, ...quiet]
}

/**
 * Does what the cron does on Cloudflare, until all is rolled up. Wrangler has no clock of its own. False where `url` is a
 * fieldline that has: a deployed one.
 */
export async function runCron(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/demo/api/cron`, { method: 'POST' })
  if (answer.status === 404 || answer.status === 405) return false
  if (!answer.ok) fail(`The cron failed: ${answer.status} ${await answer.text()}`)
  return true
}

/** Copies what the build made and the shop's pages into one folder: the deployed one never holds the shop. */
function gatherAssets(folder: string): string {
  const built = join(ROOT, 'dist/public')
  if (!existsSync(join(built, 'index.html'))) fail('dist/public is missing: run `npm run build` first.')
  const assets = join(folder, 'public')
  rmSync(assets, { recursive: true, force: true })
  cpSync(built, assets, { recursive: true })
  cpSync(join(ROOT, 'demo/shop/pages'), join(assets, 'demo'), { recursive: true })
  return assets
}

/** Waits until D1 answers. Throws at once where `trouble` says why it never will. */
async function healthy(url: string, trouble: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT
  let seen = 'no answer'
  while (Date.now() < deadline) {
    if (trouble()) fail(trouble())
    try {
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) })
      if (answer.ok) return
      seen = `${answer.status} ${await answer.text()}`
    } catch {
      // Not listening yet.
    }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  fail(`${url}/healthz did not come up: ${seen}`)
}

/** Nothing is billed on this machine: a week that is sent within seconds is no burst to be sampled. */
const BUDGET = { rows_per_day: 100_000_000, bytes_per_day: 10_000_000_000 }

/** Creates the site, or changes its origins. */
async function createSite(url: string, token: string, site: string): Promise<void> {
  const answer = await fetch(`${url}/v1/sites/${site}`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ origins: ORIGINS, ...BUDGET }),
  })
  if (!answer.ok) fail(`The site ${site} could not be created: ${answer.status} ${await answer.text()}`)
}

function fail(message: string): never {
  throw new Error(message)
}
