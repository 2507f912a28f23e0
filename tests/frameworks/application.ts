/**
 * A small application of a framework: its files go in; it is installed into a temporary folder, built, served and clicked
 * through in Chromium; the routes of its beacons come out.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { decode } from '../../schema/wire/decode.ts'

export interface Application {
  name: string
  /** What is installed beside fieldline, as npm names it: `vue@3`. */
  packages: string[]
  /** Beacons go to `endpoint`. */
  files(endpoint: string): Record<string, string>
  /** The command that builds it, by a program of node_modules/.bin or by node. */
  build?: string[]
  /** A folder of files, or the command that serves on the port. */
  serve: { folder: string } | { command(port: number): string[] }
}

const ROOT = join(import.meta.dirname, '../..')
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' }
/** How long a beacon or a server may take, in ms. */
const PATIENCE = 60_000

/** The package as it would be published. */
export async function packPackage(folder: string): Promise<string> {
  const args = ['pack', ROOT, '--json', '--ignore-scripts', '--pack-destination', folder]
  const [packed] = JSON.parse((await promisify(execFile)('npm', args)).stdout)
  return join(folder, packed.filename)
}

/** Installs, builds and visits; answers the routes in the order in which their page views began. */
export async function routesOf(app: Application, tarball: string, browser: Browser): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), `fieldline-${app.name}-`))
  const seen = new Map<string, { began: number; route: string }>()
  const collector = await listen((request, body) => {
    const decoded = request === 'POST' ? decode(body) : undefined
    if (decoded && 'ok' in decoded)
      seen.set(decoded.ok.id, { began: Date.now() - decoded.ok.age, route: decoded.ok.route })
    return { status: 204, type: 'text/plain', body: '' }
  })
  const closers = [collector.close]
  try {
    const files = app.files(`${collector.url}/f`)
    const manifest = { name: 'app', private: true, type: 'module' }
    for (const [file, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    await run(folder, 'npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      tarball,
      ...app.packages,
    ])
    if (app.build) await run(folder, ...commandOf(folder, app.build))
    const served = await serve(app, folder)
    closers.push(served.close)
    await visit(browser, served.url)
    const deadline = Date.now() + PATIENCE
    while (seen.size < 3 && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 100))
    return [...seen.values()].sort((a, b) => a.began - b.began).map(({ route }) => route)
  } finally {
    for (const close of closers) await close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Three pages by two clicks, as a visitor. */
async function visit(browser: Browser, url: string): Promise<void> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url, { waitUntil: 'load' })
  for (const [link, text] of [
    ['#products', 'A shoe'],
    ['#docs', 'A page of docs'],
  ] as const) {
    await page.click(link)
    await page.waitForFunction(words => document.body.textContent?.includes(words), text)
  }
  // What waits is sent as the page goes.
  await page.goto('about:blank')
  await page.waitForTimeout(1_000)
  await context.close()
}

async function serve(app: Application, folder: string): Promise<{ url: string; close(): Promise<void> }> {
  if ('folder' in app.serve) {
    const root = join(folder, app.serve.folder)
    return listen((_, __, path) => {
      const file = join(root, path)
      const found = extname(path) && existsSync(file) ? file : join(root, 'index.html')
      return { status: 200, type: TYPES[extname(found)] ?? 'text/plain', body: readFileSync(found, 'utf8') }
    })
  }
  const { url, close } = await listen(() => ({ status: 200, type: '', body: '' }))
  await close()
  const [program, args] = commandOf(folder, app.serve.command(Number(new URL(url).port)))
  const child = spawn(program, args, { cwd: folder, detached: true, stdio: 'pipe' })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (said += text))
  const deadline = Date.now() + PATIENCE
  while (!(await fetch(url).catch(() => null))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${app.name} does not serve:\n${said}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  return { url, close: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const gone = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await gone
}

type Answer = { status: number; type: string; body: string }

async function listen(answer: (method: string, body: string, path: string) => Answer) {
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const {
      status,
      type,
      body: text,
    } = answer(request.method ?? '', body, new URL(request.url ?? '/', 'http://x').pathname)
    response.writeHead(status, { 'Content-Type': type, 'Access-Control-Allow-Origin': '*' }).end(text)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, close }
}

function commandOf(folder: string, [name = '', ...args]: string[]): [string, string[]] {
  return name === 'node' ? [process.execPath, args] : [join(folder, 'node_modules/.bin', name), args]
}

async function run(cwd: string, program: string, args: string[]): Promise<void> {
  const env = {
    ...process.env,
    CI: 'true',
    NEXT_TELEMETRY_DISABLED: '1',
    NUXT_TELEMETRY_DISABLED: '1',
    ASTRO_TELEMETRY_DISABLED: '1',
  }
  await promisify(execFile)(program, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }).catch(error => {
    throw new Error(`${program} ${args.join(' ')} failed:\n${error.stdout}\n${error.stderr}`)
  })
}
