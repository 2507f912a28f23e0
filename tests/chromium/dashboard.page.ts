/**
 * What the tests of a file about the dashboard have in common: one fieldline, and for each test a page of it, which `on`, `page`,
 * `context` and `troubles` are. `dashboardPages` sets them.
 */

import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { type Stage, stage } from './dashboard.ts'

export let on: Stage
export let page: Page
export let context: BrowserContext
/** What went wrong on the page. */
export let troubles: string[]

interface Given {
  /** False: without the demo's week, where `prepare` sends its own. */
  traffic?: boolean
  /** Once, before the tests. */
  prepare?(): Promise<void>
  page?: BrowserContextOptions
}

/** One fieldline for the tests of a file, and a new page for each. */
export function dashboardPages({ traffic = true, prepare, page: options }: Given = {}): void {
  beforeAll(async () => {
    on = await stage({ traffic })
    await prepare?.()
    // The cron rolls up 150 hours.
  }, 400_000)
  afterAll(() => on.close())
  beforeEach(() => newPage(options))
  afterEach(() => context.close())
}

/** Another page in the place of the test's. */
export async function newPage(options?: BrowserContextOptions): Promise<void> {
  await context?.close()
  ;({ page, context, troubles } = await on.page(options))
}

export const open = (query: string) => on.open(page, query)
export const region = (name: string) => page.getByRole('region', { name, exact: true })
export const link = (name: string) => page.getByRole('link', { name, exact: true })
export const rowOf = (name: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })

/** Asks the API as the admin. */
export async function api<T>(path: string, method = 'GET', body?: object): Promise<T> {
  const answer = await fetch(on.server.url + path, {
    method,
    headers: { Authorization: `Bearer ${on.server.token}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  expect(answer.ok, `${method} ${path}`).toBe(true)
  return answer.json() as Promise<T>
}
