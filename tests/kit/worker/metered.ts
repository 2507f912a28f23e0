/**
 * The worker on a metered D1, for benches: beside its own routes it does at `/bench/...` what else the clock does,
 * and answers what D1 says it cost.
 */

import { sql } from 'drizzle-orm'
import { cron } from '../../../worker/cron.ts'
import type { Env } from '../../../worker/env.ts'
import { rollUpDay, rollUpHour } from '../../../worker/histogram/rollup.ts'
import worker from '../../../worker/index.ts'
import { adjust, report } from '../../../worker/ingest/control.ts'
import { tally } from '../../../worker/ingest/tally.ts'
import { store } from '../../../worker/store/upsert.ts'
import type { Bill } from '../bill.ts'
import { metered, newMeter } from './meter.ts'
import { storeVisits } from './visits.ts'

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url)
    if (!url.pathname.startsWith('/bench/')) return worker.fetch(request, env, context)
    const meter = newMeter()
    const DB = metered(env.DB, meter)
    const get = (name: string) => url.searchParams.get(name) ?? ''
    const [site, now] = [get('site'), Number(get('now'))]
    const tags = get('tag') ? [`tag:${get('tag')}` as const] : []
    const jobs: Record<string, () => Promise<unknown>> = {
      hour: () => rollUpHour(DB, site, Number(get('start')), now, tags, 35),
      day: () => rollUpDay(DB, site, Number(get('start')), now, tags),
      cron: () => cron({ DB }, now, Number(get('statements')) || undefined, env.ARCHIVE),
      report: async () => {
        const limits = { id: site, rate: 1, rowsPerDay: 25_000, bytesPerDay: 11_000_000 }
        const answers = await DB.batch(report(DB, site, await request.json(), now, sql`true`))
        await adjust(DB, limits, answers, now)
      },
      tally: () => tally(DB, { site, address: '', imported: false }, 'stored', now),
      visits: async () => storeVisits(DB, await request.json()),
      store: async () => store(DB, await request.json(), now),
      async ask() {
        const body = (await request.json()) as string | null
        for (let i = 0; i < Number(get('times')); i++) {
          const question = new Request(new URL(get('path'), url), {
            headers: request.headers,
            ...(body !== null && { method: 'POST', body }),
          })
          const response = await worker.fetch(question, { ...env, DB }, context)
          if (!response.ok) throw new Error(await response.text())
          await response.text()
        }
      },
    }
    const started = Date.now()
    await jobs[url.pathname.slice('/bench/'.length)]?.()
    return Response.json({ ...meter, ms: Date.now() - started } satisfies Bill)
  },
} satisfies ExportedHandler<Env>
