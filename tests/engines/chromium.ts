/** Chromium for the suite of all browsers: the one of the tests beside, which Playwright drives. */

import type { Page } from 'playwright-core'
import { startChromium as start } from '../kit/chromium.ts'
import type { Engine, Tab } from './engine.ts'

export async function startChromium(): Promise<Engine> {
  const chromium = await start()
  const pages = new Map<Tab, Page>()
  const pageOf = (tab: Tab): Page => {
    const page = pages.get(tab)
    if (!page) throw new Error('no tab of this browser')
    return page
  }
  const toTab = (page: Page): Tab => {
    const tab: Tab = {
      run: source => page.evaluate(source),
      click: selector => page.click(selector),
      goto: async url => void (await page.goto(url)),
      close: () => page.close(),
    }
    pages.set(tab, page)
    return tab
  }
  return {
    open: async url => toTab(await chromium.open(url)),
    openBehind: async url => toTab(await chromium.openBehind(url)),
    hide: tab => chromium.hide(pageOf(tab)),
    show: tab => chromium.show(pageOf(tab)),
    complaints: chromium.complaints,
    close: chromium.close,
  }
}
