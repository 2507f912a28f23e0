/**
 * `npm run newcomer`: the seconds from `git clone` to the first percentile, by what README and docs say: a script tag on a page of
 * one's own, the seed, and `examples/next`. It takes minutes and the network, so it is run by hand. `--write` puts the table into
 * docs/frameworks.md.
 *
 * It runs with the Node and npm of the PATH outside this repository, as a newcomer would.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../../demo/local/browser.ts'
import { claimPort } from '../../demo/local/ports.ts'
import { writePart } from '../kit/figures.ts'

const ROOT = join(import.meta.dirname, '../..')
/** How long a step may take, in ms. */
const STEP_TIMEOUT = 900_000
/** What npm has put into the environment of this script is not there for a newcomer. */
const ENV = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^NODE$|^INIT_CWD$/i.test(name)),
  ),
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter(folder => !folder.includes('node_modules'))
    .join(delimiter),
  NEXT_TELEMETRY_DISABLED: '1',
}

const folder = mkdtempSync(join(tmpdir(), 'fieldline-newcomer-'))
const clone = join(folder, 'fieldline')
const next = join(clone, 'examples/next')
const running: ChildProcess[] = []
const steps: { typed: string; seconds: number }[] = []
/** What a terminal would have shown on its standard error. */
const warnings: string[] = []

const browser = await launchBrowser()
try {
  await step('git clone', () => run(folder, 'git', 'clone', '--quiet', `file://${ROOT}`, clone))
  await step('npm ci', () => run(clone, 'npm', 'ci'))
  const port = await claimPort(0)
  const said = await step('npm start', () =>
    serve(clone, ['npm', 'start'], { PORT: String(port) }, /^ *Traffic/m),
  )
  const url = `http://localhost:${port}`
  const query = /^ *Query +(.*)$/m.exec(said)?.[1] ?? ''
  const tag = /^ *Script tag +(.*)$/m.exec(said)?.[1] ?? ''
  await step('the tag on a page, opened and left; the curl line', async () => {
    const page = createServer((_, response) =>
      response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end(`<!doctype html><title>Mine</title>${tag}<h1>Hello</h1>`),
    ).listen(0)
    await once(page, 'listening')
    await visit(browser, `http://localhost:${(page.address() as AddressInfo).port}/mine`, [])
    page.closeAllConnections()
    page.close()
    await answered(query)
  })
  await step('npm install in examples/next', () => run(next, 'npm', 'install'))
  const layout = join(next, 'app/layout.jsx')
  // A newcomer has the port that the example names.
  writeFileSync(layout, readFileSync(layout, 'utf8').replaceAll('localhost:8787', `localhost:${port}`))
  await step('npm run build there', () => run(next, 'npm', 'run', 'build'))
  const nextPort = await claimPort(0)
  await step('npm start there, opened, two links, left; the curl line by route', async () => {
    await serve(next, ['npm', 'start', '--', '-p', String(nextPort)], {}, /Ready/)
    await visit(browser, `http://localhost:${nextPort}/`, ['#products', '#docs'])
    await answered(query.replace("?site=demo'", "?site=demo&route=/products/[slug]' -g"))
  })
  await step('npm run seed', () => run(clone, 'npm', 'run', 'seed', '--', '--url', url))
  console.table(steps)
  if (process.argv.includes('--write')) writePart('newcomer', tableOf(steps))
  console.log(
    warnings.length ? `On the standard error:\n${warnings.join('\n')}` : 'Nothing on the standard error.',
  )
} finally {
  await browser.close()
  await Promise.all(running.map(end))
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** The table of docs/frameworks.md, as markdown. */
function tableOf(rows: typeof steps): string {
  const lines = rows.map(({ typed, seconds }) => `| ${typed} | ${seconds} s |`)
  const head = '| what you type | it takes |\n|---|---:|'
  return `<!-- newcomer: npm run newcomer -- --write -->\n${head}\n${lines.join('\n')}\n<!-- /newcomer -->`
}

async function step<T>(typed: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  const seconds = Math.round((performance.now() - began) / 100) / 10
  steps.push({ typed, seconds })
  console.log(`${typed}: ${seconds} s`)
  return result
}

/** Runs to its end; answers its standard output. */
async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const child = spawn(program, args, { cwd, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] })
  const [texts, errors]: [string[], string[]] = [[], []]
  child.stdout.on('data', text => texts.push(String(text)))
  child.stderr.on('data', text => errors.push(String(text)))
  const [code] = await once(child, 'close')
  if (code !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${texts.join('')}${errors.join('')}`)
  if (program === 'npm') warnings.push(...errors.join('').split('\n').filter(Boolean))
  return texts.join('')
}

/** Starts what goes on; answers what it said once it is ready. */
async function serve(
  cwd: string,
  [program = '', ...args]: string[],
  env: object,
  ready: RegExp,
): Promise<string> {
  const child = spawn(program, args, {
    cwd,
    env: { ...ENV, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text))
  const deadline = Date.now() + STEP_TIMEOUT
  while (!ready.test(said)) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${args.join(' ')} does not serve:\n${said}`)
    await wait(50)
  }
  return said
}

/** Opens a page, follows its links, and leaves. */
async function visit(browser: Browser, url: string, links: readonly string[]): Promise<void> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => 'fieldline' in window || document.querySelector('nav'))
  for (const link of links) {
    await page.click(link)
    await page.waitForURL(`**${await page.getAttribute(link, 'href')}`)
  }
  await page.goto('about:blank')
  await context.close()
}

/** Asks by the printed line until there is a percentile. */
async function answered(line: string): Promise<void> {
  const deadline = Date.now() + STEP_TIMEOUT
  for (;;) {
    const text = await run(folder, 'sh', '-c', line.replace('curl', 'curl -sS'))
    if (JSON.parse(text).data?.length) return
    if (Date.now() > deadline) throw new Error(`no percentile: ${text}`)
    await wait(100)
  }
}

async function end(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (child.exitCode !== null || child.signalCode !== null || pid === undefined) return
  const gone = once(child, 'exit').then(() => true)
  process.kill(-pid, 'SIGINT')
  if (!(await Promise.race([gone, wait(5_000)]))) process.kill(-pid, 'SIGKILL')
}
