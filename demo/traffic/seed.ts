/**
 * `npm run seed`: sends realistic traffic to a running fieldline through `POST /f`, as browsers would.
 *
 *     npm run seed -- --views 6000 --days 14 --seed 42 --url http://localhost:8787 --site demo
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readToken } from '../local/secrets.ts'
import { runCron } from '../local/server.ts'
import { ROOT } from '../local/wrangler.ts'
import { progress } from './progress.ts'
import { sendAll } from './send.ts'
import { pageViews } from './traffic.ts'

const HELP = `npm run seed -- [options]

  --views 6000                  page views to send
  --days 14                     days back that they are spread over (at most 14)
  --seed 42                     the same seed sends the same page views again
  --url http://localhost:8787   the fieldline that takes them
  --site demo                   the site that they belong to

The ADMIN_TOKEN comes from the environment or from .dev.vars.`

try {
  const { values } = parseArgs({
    options: {
      views: { type: 'string', default: '6000' },
      days: { type: 'string', default: '14' },
      seed: { type: 'string', default: '42' },
      url: { type: 'string', default: `http://localhost:${process.env.PORT || 8787}` },
      site: { type: 'string', default: 'demo' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) console.log(HELP)
  else
    await seed(
      values.url,
      values.site,
      whole('views', values.views),
      whole('days', values.days, 14),
      values.seed,
    )
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function seed(url: string, site: string, views: number, days: number, seedText: string): Promise<void> {
  const token = process.env.ADMIN_TOKEN || readToken(join(ROOT, '.dev.vars'))
  if (!token) throw new Error('There is no ADMIN_TOKEN: run `npm start` first, or set it in the environment.')
  const beacons = [
    ...pageViews({ seed: whole('seed', seedText, 2 ** 32 - 1, 0), views, days, now: Date.now() }),
  ]
  const bar = progress('Beacons', beacons.length)
  const started = Date.now()
  try {
    await sendAll({ url, site, token }, beacons, bar.step)
  } finally {
    bar.stop()
  }
  const seconds = (Date.now() - started) / 1000
  const rolledUp = await runCron(url)
  console.log(`${views} page views of ${days} days in ${beacons.length} beacons, ${seconds.toFixed(1)} s.`)
  if (!rolledUp) console.log('The cron of that fieldline rolls them up in its next runs.')
}

function whole(name: string, text: string, max = 10_000_000, min = 1): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new Error(`--${name} must be a whole number from ${min} to ${max}, and is ${text}.`)
}
