/**
 * Visits to the demo shop as people make them, in a real browser. Each visit is a function of one page; a page that leaves for `about:blank` sends its last beacon.
 */

import type { Browser, Page } from 'playwright-core'

type Visit = (page: Page, shop: string) => Promise<void>

/** Comes, scrolls, takes a product and pays for it. */
const buy: Visit = async (page, shop) => {
  await page.goto(shop)
  await read(page)
  await page.getByRole('link', { name: /Harbour lamp/ }).click()
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByText('Your cart comes to').waitFor()
  await read(page)
  await page.getByRole('link', { name: 'Cart' }).click()
  await page.getByRole('button', { name: 'Check out' }).click()
  await page.getByText('Thank you').waitFor()
  await read(page)
}

/** Walks through the kinds by client-side routes, looks at a product, goes back. */
const browse: Visit = async (page, shop) => {
  await page.goto(shop)
  await read(page)
  await page.getByRole('link', { name: 'Browse' }).click()
  await read(page)
  for (const kind of ['Lamps', 'Vases', 'Chairs']) {
    await page.getByRole('link', { name: kind, exact: true }).click()
    await read(page)
  }
  await page.getByRole('link', { name: /Ferry chair/ }).click()
  await page.getByRole('button', { name: 'Add to cart' }).waitFor()
  await page.goBack()
  await read(page)
}

/** Meets the home page on a bad day: the picture comes late, a banner moves everything. */
const badDay: Visit = async (page, shop) => {
  await page.goto(`${shop}?slow-hero&late-banner`)
  await page.getByText('Free delivery').waitFor()
  await page.locator('#hero').evaluate((hero: HTMLImageElement) => hero.decode())
  await read(page)
}

/** Clicks buttons that block, on an API that is slow. */
const patience: Visit = async (page, shop) => {
  await page.goto(`${shop}p/4?block&slow-api`)
  const add = page.getByRole('button', { name: 'Add to cart' })
  await add.click()
  await page.getByText('Your cart comes to').waitFor()
  await add.click()
  await page.getByText('comes to € 438.00').waitFor()
  await read(page)
}

/** Finds the API down and leaves. */
const bounce: Visit = async (page, shop) => {
  await page.goto(`${shop}browse/lamps?failing-api`)
  await page.getByText('Try again').waitFor()
  await read(page)
}

/** Meets a page whose own scripts fail. */
const trouble: Visit = async (page, shop) => {
  const failed = page.waitForEvent('pageerror', error => error.name === 'TypeError')
  await page.goto(`${shop}?throws&rejects`)
  await failed
  await read(page)
}

const VISITS: readonly Visit[] = [buy, browse, badDay, patience, bounce, trouble, buy, browse]

export const VISIT_COUNT = VISITS.length

/** Makes every visit, each in a browser profile of its own; `step` is called after each. */
export async function visitShop(browser: Browser, url: string, step: () => void): Promise<void> {
  for (const visit of VISITS) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 } })
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    await visit(page, `${url}/demo/`)
    await page.goto('about:blank')
    await context.close()
    step()
  }
}

/** Looks at the page for a moment, then scrolls down and up again. */
async function read(page: Page): Promise<void> {
  await page.mouse.move(400, 400)
  // A person looks before scrolling; the browser takes no LCP after the first turn of the wheel.
  await page.waitForTimeout(400)
  await page.mouse.wheel(0, 500)
  await page.waitForTimeout(200)
  await page.mouse.wheel(0, -500)
  await page.waitForTimeout(200)
}
