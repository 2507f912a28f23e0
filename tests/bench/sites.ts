/**
 * `npm run bench -- sites`: many sites on one database. A number of sites goes in, each with page views in every hour, and the
 * statements that a run of the cron may take; how long hours and days wait for their roll-up comes out. The worker's own
 * cron runs on a made clock for a day and a quarter. `--write` puts the table into docs/deploying.md; some fifteen minutes.
 */

import { DAY, HOUR, MINUTE } from '../../schema/domain/hour.ts'
import { bill } from '../kit/bill.ts'
import { writePart } from '../kit/figures.ts'
import { type Local, startLocal } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'

/** Sites, and the statements of a run: the free plan allows 50, the paid one 1,000. */
const CASES = [
  { sites: 25, statements: 45 },
  { sites: 50, statements: 45 },
  { sites: 500, statements: 900 },
]
const HOURS = 30
/** Page views of a site in an hour. */
const VIEWS = 4
const START = Date.UTC(2026, 0, 15)
const RUN = 5 * MINUTE
/** An hour is due two hours and two minutes after its end. */
const SETTLED = 2 * HOUR + 2 * MINUTE

type Row = {
  sites: number
  'statements a run may take': number
  'statements a run, at most': number
  'rows read by a run without work': number
  'rows read an hour of a site': number
  'rows written an hour of a site': number
  'longest wait of an hour, minutes': number
  'longest wait of a day, minutes': number
}

export async function benchSites(options: readonly string[]): Promise<Record<string, Row>> {
  const rows: Record<string, Row> = {}
  for (const { sites, statements } of CASES) rows[`${sites} sites`] = await measure(sites, statements)
  if (options.includes('--write')) write(Object.values(rows))
  return rows
}

async function measure(sites: number, statements: number): Promise<Row> {
  const local = await startLocal('tests/kit/worker/metered.ts')
  try {
    const names = Array.from({ length: sites }, (_, i) => `site-${i}`)
    await local.db
      .prepare(
        `INSERT INTO sites (id, origins, key, created) SELECT value, '["*"]', 'k', 0 FROM json_each('${JSON.stringify(names)}')`,
      )
      .all()
    const traffic = {
      from: START / HOUR,
      hours: HOURS,
      views: HOURS * VIEWS,
      callsIn: 2,
      routes: 3,
      endpoints: 2,
    }
    for (const site of names)
      for (const statement of insertTraffic({ ...traffic, site })) await local.db.prepare(statement).all()
    const row: Row = {
      sites,
      'statements a run may take': statements,
      'statements a run, at most': 0,
      'rows read by a run without work': Number.POSITIVE_INFINITY,
      'rows read an hour of a site': 0,
      'rows written an hour of a site': 0,
      'longest wait of an hour, minutes': 0,
      'longest wait of a day, minutes': 0,
    }
    let [read, written] = [0, 0]
    for (let now = START + HOUR; now < START + HOURS * HOUR + SETTLED; now += RUN) {
      for (const [tier, length] of [
        ['hour', HOUR],
        ['day', DAY],
      ] as const) {
        const name = tier === 'day' ? 'longest wait of a day, minutes' : 'longest wait of an hour, minutes'
        const due = (await oldest(local, tier)) + length + SETTLED
        row[name] = Math.max(row[name], (now - due) / MINUTE)
      }
      const cost = await bill(local, `cron?now=${now}&statements=${statements}`)
      read += cost.read
      written += cost.written
      row['statements a run, at most'] = Math.max(row['statements a run, at most'], cost.statements)
      if (!cost.written)
        row['rows read by a run without work'] = Math.min(row['rows read by a run without work'], cost.read)
    }
    row['rows read an hour of a site'] = Math.round(read / sites / HOURS)
    row['rows written an hour of a site'] = Math.round(written / sites / HOURS)
    return row
  } finally {
    await local.stop()
  }
}

/** The begin of the oldest period that some site has still to roll up, in Unix ms. */
async function oldest(local: Local, tier: 'hour' | 'day'): Promise<number> {
  const length = tier === 'hour' ? 1 : 24
  const { results } = await local.db
    .prepare(
      `SELECT min(next) AS next FROM (SELECT coalesce((SELECT max(start) + ${length} FROM periods
        WHERE site = sites.id AND tier = '${tier}'), ${START / HOUR}) AS next FROM sites)`,
    )
    .all<{ next: number }>()
  return (results[0]?.next ?? 0) * HOUR
}

function write(rows: readonly Row[]): void {
  const names = Object.keys(rows[0] ?? {})
  const lines = [names, names.map(() => '---:'), ...rows.map(row => Object.values(row).map(String))]
  const table = lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')
  writePart('sites', `<!-- sites: npm run bench -- sites --write -->\n${table}\n<!-- /sites -->`)
}
