/**
 * A real browser for the demo and the tests: `findBrowser` answers the path of a Chromium, installing one where there
 * is none, and `launchBrowser` starts it without a window.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { ROOT } from './wrangler.ts'

/** What installs a Chromium where there is none. */
export const INSTALLER = join(ROOT, 'node_modules/playwright-core/cli.js')

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
  'microsoft-edge',
]

const USUAL_PLACES: { [platform in NodeJS.Platform]?: string[] } = {
  linux: ['/opt/google/chrome/chrome', '/snap/bin/chromium'],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap(variable =>
    ['Google\\Chrome\\Application\\chrome.exe', 'Microsoft\\Edge\\Application\\msedge.exe'].map(path =>
      join(process.env[variable] ?? 'C:\\', path),
    ),
  ),
}

/** Quiet, and able to run in a container. The sandbox goes only where Chromium refuses to run with it: as root. */
export const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  ...(isRoot() ? ['--no-sandbox'] : []),
]

/**
 * The path of a Chromium: CHROME_PATH, one that is installed, or one that is installed now: by apt as root on Debian,
 * else by Playwright. Throws an error that says what to do where none can be had.
 */
export function findBrowser(): string {
  const path = fromEnvironment() ?? installed() ?? installByApt() ?? installByPlaywright()
  if (path) return path
  throw new Error(
    'No Chromium found, and none could be installed. Install Chrome or Chromium, or set CHROME_PATH to its program.',
  )
}

/** Starts a browser without a window. It names itself as a visitor's browser would, since bots are not counted. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  return chromium.launch({ executablePath, args: [...FLAGS, `--user-agent=${visitorAgent(executablePath)}`] })
}

function fromEnvironment(): string | undefined {
  const path = process.env.CHROME_PATH
  if (path && !isProgram(path)) throw new Error(`CHROME_PATH is ${path}, which is no program.`)
  return path || undefined
}

function installed(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const onPath = NAMES.flatMap(name => folders.map(folder => join(folder, name + suffix)))
  return [...onPath, ...(USUAL_PLACES[process.platform] ?? []), chromium.executablePath()].find(isProgram)
}

function installByApt(): string | undefined {
  if (!isRoot() || !existsSync('/usr/bin/apt-get')) return undefined
  console.error('No Chromium found: installing it with apt-get, which takes a minute or two.')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    spawnSync('apt-get', ['-q', ...args], { env, stdio: 'ignore', timeout: 600_000 })
  }
  return installed()
}

function installByPlaywright(): string | undefined {
  console.error('No Chromium found: installing it with Playwright.')
  spawnSync(process.execPath, [INSTALLER, 'install', 'chromium'], { stdio: 'ignore', timeout: 600_000 })
  return installed()
}

/** The agent string of this Chromium with a window: it gives its own major version, and no other. */
function visitorAgent(path: string): string {
  // Chrome for Windows has no --version.
  const version =
    process.platform === 'win32'
      ? ''
      : execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const major = /\d+/.exec(version)?.[0] ?? '150'
  return `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`
}

/** Whether there is a program that may be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
