/**
 * A Chromium as a person has it: tabs really hide behind each other, and pages rest in the back/forward cache.
 *
 * Playwright's own contexts pretend that every page is visible and focused, so this one is started here and only
 * driven by Playwright.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { FLAGS, findBrowser } from '../../demo/local/browser.ts'

export interface Chromium {
  context: BrowserContext
  /** Opens a tab in front of the others. Its console lines and uncaught errors are collected in `complaints`. */
  open(url?: string): Promise<Page>
  /** Opens a tab behind the others. */
  openBehind(url: string): Promise<Page>
  /** Puts another tab in front of this one. */
  hide(page: Page): Promise<void>
  show(page: Page): Promise<void>
  complaints: string[]
  /** Closes all tabs that were opened. */
  closeTabs(): Promise<void>
  close(): Promise<void>
}

/** How long a tab may take to close, in ms. One that never does would hold up each test after it, for as long as a hook may take. */
const CLOSING = 20_000

/** Starts Chromium with one tab, and nobody who drives it: Playwright forbids prerendering. */
export function startAlone(url: string): { program: ChildProcess; close(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-chromium-'))
  const program = spawn(findBrowser(), [
    ...(process.env.HEADED ? [] : ['--headless']),
    '--remote-debugging-port=0',
    `--user-data-dir=${folder}`,
    ...FLAGS,
    url,
  ])
  return {
    program,
    async close() {
      const ended = new Promise(resolve => program.once('exit', resolve))
      program.kill()
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export async function startChromium(): Promise<Chromium> {
  const { program, close } = startAlone('about:blank')
  const browser = await chromium.connectOverCDP(await debuggerOf(program), {
    noDefaults: true,
    isLocal: true,
  })
  const [context] = browser.contexts()
  if (!context) throw new Error('Chromium has no default context')
  const [curtain] = context.pages()
  if (!curtain) throw new Error('Chromium has no first tab')
  const complaints: string[] = []
  const stuck = new Set<Page>()
  const commands = await browser.newBrowserCDPSession()

  return {
    context,
    complaints,
    async open(url) {
      const page = await context.newPage()
      page.on('console', message => complaints.push(`${message.type()}: ${message.text()}`))
      page.on('pageerror', error => complaints.push(String(error)))
      if (url) await page.goto(url)
      return page
    },
    async openBehind(url) {
      const [page] = await Promise.all([
        context.waitForEvent('page'),
        commands.send('Target.createTarget', { url, background: true }),
      ])
      await page.waitForFunction(() => document.visibilityState === 'hidden', null, { polling: 20 })
      return page
    },
    async hide(page) {
      await curtain.bringToFront()
      await page.waitForFunction(() => document.visibilityState === 'hidden', null, { polling: 20 })
    },
    async show(page) {
      await page.bringToFront()
      await page.waitForFunction(() => document.visibilityState === 'visible', null, { polling: 20 })
    },
    async closeTabs() {
      for (const page of context.pages()) {
        if (page === curtain || stuck.has(page)) continue
        const closed = page.close().then(() => true)
        if (await Promise.race([closed, after(CLOSING, false, { ref: false })])) continue
        stuck.add(page)
        throw new Error(`a tab does not close: ${page.url()}`)
      }
    },
    async close() {
      await browser.close()
      await close()
    },
  }
}

/** The address at which Chromium takes commands: it prints it when it is ready. */
function debuggerOf(program: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    program.stderr?.on('data', chunk => {
      printed += chunk
      const [address] = /ws:\/\/\S+/.exec(printed) ?? []
      if (address) resolve(address)
    })
    program.once('error', reject)
    program.once('exit', () => reject(new Error(`Chromium ended: ${printed}`)))
  })
}
