/**
 * Rows for tests that speak to D1 below HTTP.
 */

import { env } from 'cloudflare:workers'
import type { PageViewRow } from '../../../schema/storage/tables.ts'
import type { Stale } from '../../../worker/store/periods.ts'
import { store as storeIn } from '../../../worker/store/upsert.ts'
import { newId } from '../pageview.ts'

/** An ordinary row; what matters to a test is given. */
export function pageViewRow(given: Partial<PageViewRow> = {}): PageViewRow {
  const began = given.began ?? Date.now()
  return {
    site: 'shop',
    hour: Math.floor(began / 3_600_000),
    id: newId(),
    began,
    sequence: 0,
    weight: 1,
    navigation: 'navigate',
    route: '/',
    release: null,
    country: 'DE',
    device: 'desktop',
    browser: 'Chrome',
    browserVersion: 156,
    os: 'Windows',
    connection: '4g',
    lcp: 1200,
    inp: null,
    cls: 20,
    fcp: 800,
    ttfb: 150,
    phases: null,
    calls: '{}',
    why: null,
    marks: '{}',
    received: 1,
    dropped: 0,
    ...given,
  }
}

export function store(rows: readonly PageViewRow[]): Promise<D1Result> {
  return storeIn(env.DB, rows, Date.now())
}

/** Roll-ups that say how many page views each day of a site has, and no more. */
export async function countDays(site: string): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO rollups (site, tier, dimension, start, value, views)
    SELECT site, 'day', 'all', hour / 24 * 24, '[]', json_object('n', count(*), 's', count(*), 'q', count(*))
    FROM pageviews WHERE site = ? GROUP BY hour / 24`,
  )
    .bind(site)
    .run()
}

/** The hours or days that are due, without their site. */
export async function starts(due: Promise<readonly Stale[]>): Promise<number[]> {
  return (await due).map(({ start }) => start)
}
