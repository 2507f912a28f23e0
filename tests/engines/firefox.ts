/** Firefox for the suite of all browsers: Puppeteer drives the stock browser by WebDriver BiDi. */

import puppeteer, { type Page } from 'puppeteer-core'
import { type Engine, type Tab, until } from './engine.ts'

/** ms after which a command that has no answer fails: before the test does, and with its name. */
const NO_ANSWER = 30_000

export async function startFirefox(executablePath: string): Promise<Engine> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    protocolTimeout: NO_ANSWER,
  })
  const [curtain] = await browser.pages()
  if (!curtain) throw new Error('Firefox has no first tab')
  const complaints: string[] = []
  const pages = new Map<Tab, Page>()

  const toTab = (page: Page): Tab => {
    page.on('console', message => complaints.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', error => complaints.push(String(error)))
    const tab: Tab = {
      run: source => page.evaluate(source),
      click: selector => page.click(selector),
      goto: async url => void (await page.goto(url)),
      close: () => page.close(),
    }
    pages.set(tab, page)
    return tab
  }
  const open = async (url: string, background: boolean): Promise<Tab> => {
    const page = await browser.newPage({ type: 'tab', background })
    const tab = toTab(page)
    await tab.goto(url)
    return tab
  }
  return {
    open: url => open(url, false),
    openBehind: url => open(url, true),
    async hide(tab) {
      await curtain.bringToFront()
      await until(tab, () => document.visibilityState === 'hidden')
    },
    async show(tab) {
      await pages.get(tab)?.bringToFront()
      await until(tab, () => document.visibilityState === 'visible')
    },
    complaints,
    close: () => browser.close(),
  }
}
