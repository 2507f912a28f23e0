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
      bringToFront(curtain)
      await until(tab, () => document.visibilityState === 'hidden')
    },
    async show(tab) {
      bringToFront(pages.get(tab))
      await until(tab, () => document.visibilityState === 'visible')
    },
    complaints,
    close: () => browser.close(),
  }
}

/**
 * Asks for a tab, and does not wait for the answer: Firefox gives it when `visibilitychange` has come to the window of the
 * tab that was in front, and a page may stop that event before. What counts is what the page says of itself.
 *
 * @see https://searchfox.org/firefox-main/source/remote/webdriver-bidi/modules/windowglobal/browsingContext.sys.mjs
 */
function bringToFront(page?: Page): void {
  page?.bringToFront().catch(() => {})
}
