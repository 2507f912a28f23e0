/**
 * A test with a browser, a site and a visitor: what each test opens is closed after it, its beacons are its own, and
 * a console line or an error that nobody caught fails it.
 */

import { expect, test } from 'vitest'
import type { PageView } from '../../schema/wire/pageview.ts'
import { COMPLAINTS, type Parts, startSite } from '../kit/site.ts'
import type { Abilities } from './browser-support.ts'
import { type Engine, type Tab, until } from './engine.ts'

export interface Visit {
  /** The name of the test's site, which its beacons carry. */
  name: string
  /** Serves a page with the script tag; returns its address. */
  page(path: string, parts?: Parts): string
  /** Opens it, in front of the others, and waits for the SDK. */
  open(path: string, parts?: Parts): Promise<Tab>
  openBehind(path: string, parts?: Parts): Promise<Tab>
  /** Lets the browser itself write lines of this kind, as it does where the page calls in vain. */
  allow(complaint: RegExp): void
  /** Waits for the test's first beacons. */
  beacons(count: number): Promise<PageView[]>
}

export type BrowserTest = ReturnType<typeof testIn>

let visits = 0

/** Vitest's `test` for one browser, which starts when the first test asks for it. */
export function testIn(start: () => Promise<Engine>, abilities: Abilities) {
  return (
    test
      .extend('abilities', { scope: 'file' }, () => abilities)
      // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from it that nothing is asked for.
      .extend('engine', { scope: 'file' }, async ({}, { onCleanup }) => {
        const engine = await start()
        onCleanup(() => engine.close())
        return engine
      })
      // At an origin of its own: a beacon of an earlier test's page comes to nobody else.
      .extend('site', startSite)
      .extend('visit', async ({ site, engine }, { onCleanup }): Promise<Visit> => {
        const name = `visit-${++visits}`
        const tabs: Tab[] = []
        const allowed: RegExp[] = []
        const own = () => site.beacons.filter(beacon => beacon.site === name).map(({ view }) => view)

        const page: Visit['page'] = (path, { tag = '', head = '', ...parts } = {}) =>
          site.page(path, { tag: `data-site="${name}" ${tag}`, head: COMPLAINTS + head, ...parts })
        const opened = async (tab: Tab): Promise<Tab> => {
          tabs.push(tab)
          await until(tab, () => 'fieldline' in window && document.readyState === 'complete')
          return tab
        }
        onCleanup(async () => {
          for (const tab of tabs) await tab.close().catch(() => {})
          await site.close()
          const complaints = [...engine.complaints.splice(0), ...site.complaints]
          expect(complaints.filter(line => !allowed.some(kind => kind.test(line)))).toEqual([])
        })
        return {
          name,
          page,
          open: async (path, parts) => opened(await engine.open(page(path, parts))),
          openBehind: async (path, parts) => opened(await engine.openBehind(page(path, parts))),
          allow: complaint => allowed.push(complaint),
          async beacons(count) {
            await site.until(() => own().length >= count)
            return own()
          },
        }
      })
  )
}
