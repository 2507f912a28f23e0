/**
 * `npm run lighthouse`: the dashboard of a fieldline with a week of traffic, judged by Lighthouse on a desktop and on a phone. The
 * median of some runs is printed and put into README.
 *
 * Lighthouse is not installed with the rest: npx fetches one version of it. What Cloudflare would send compressed is so here, too,
 * by a server in front of wrangler's, which sends all as it is.
 */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { brotliCompressSync, constants } from 'node:zlib'
import { FLAGS, findBrowser } from '../../demo/local/browser.ts'
import { runCron, startLocal } from '../../demo/local/server.ts'
import { sendAll } from '../../demo/traffic/send.ts'
import { pageViews } from '../../demo/traffic/traffic.ts'
import { format } from '../../schema/domain/metrics.ts'
import { writePart } from '../kit/figures.ts'

const VERSION = '13.5.0'
/** Runs on each device, of which the median is told. */
const RUNS = 3
const VIEWS = 2_000
/** What Cloudflare compresses with, of 11. */
const QUALITY = 4
const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const
const DEVICES = { desktop: ['--preset=desktop'], phone: ['--form-factor=mobile'] } as const

/** Scores of 0 to 100, and times in ms. */
type Run = Record<(typeof CATEGORIES)[number] | 'lcp' | 'tbt' | 'cls', number>

const server = await startLocal({ port: 0 })
const front = await compressing(server.url)
try {
  const beacons = [...pageViews({ seed: 42, views: VIEWS, days: 7, now: Date.now() })]
  await sendAll({ ...server, site: 'demo' }, beacons, () => {})
  await runCron(server.url)
  const rows: string[] = []
  for (const [device, flags] of Object.entries(DEVICES)) {
    const runs: Run[] = []
    for (let i = 0; i < RUNS; i++) runs.push(await judge(`${front.url}/?site=demo&range=7d`, flags))
    const median = (name: keyof Run) => runs.map(run => run[name]).sort((a, b) => a - b)[(RUNS - 1) / 2] ?? 0
    const scores = CATEGORIES.map(name => `${name.replace('-', ' ')} ${Math.round(median(name) * 100)}`)
    const times = `LCP ${format('lcp', median('lcp'))}, TBT ${Math.round(median('tbt'))} ms, CLS ${format('cls', median('cls'))}`
    rows.push(`- The dashboard in Lighthouse ${VERSION}, ${device}: ${scores.join(', ')}; ${times}`)
  }
  const list = rows.join('\n')
  console.log(list)
  writePart('lighthouse', `<!-- lighthouse: npm run lighthouse -->\n${list}\n<!-- /lighthouse -->`)
} finally {
  front.close()
  await server.stop()
}

/** One run. Its token stays behind the `#`, which no request carries. */
async function judge(address: string, flags: readonly string[]): Promise<Run> {
  const { stdout } = await promisify(execFile)(
    'npx',
    [
      ...['--yes', `lighthouse@${VERSION}`, `${address}#token=${server.token}`, '--output=json', '--quiet'],
      ...[`--only-categories=${CATEGORIES.join(',')}`, ...flags],
      `--chrome-flags=--headless=new ${FLAGS.join(' ')}`,
    ],
    { env: { ...process.env, CHROME_PATH: findBrowser() }, maxBuffer: 2 ** 28 },
  )
  const { categories, audits } = JSON.parse(stdout) as {
    categories: Record<string, { score: number }>
    audits: Record<string, { numericValue: number }>
  }
  const score = (name: (typeof CATEGORIES)[number]) => categories[name]?.score ?? 0
  const value = (name: string) => audits[name]?.numericValue ?? Number.NaN
  return {
    performance: score('performance'),
    accessibility: score('accessibility'),
    'best-practices': score('best-practices'),
    lcp: value('largest-contentful-paint'),
    tbt: value('total-blocking-time'),
    cls: value('cumulative-layout-shift'),
  }
}

/** A server that hands on what another one answers, compressed. */
async function compressing(origin: string): Promise<{ url: string; close(): void }> {
  const { hostname, port } = new URL(origin)
  const relay = createServer((from, to) => {
    const options = { hostname, port, path: from.url, method: from.method, headers: from.headers }
    from.pipe(
      request({ ...options, headers: { ...from.headers, 'accept-encoding': 'identity' } }, async answer => {
        const parts: Buffer[] = []
        for await (const part of answer) parts.push(part)
        hand(Buffer.concat(parts), answer.headers['content-type'] ?? '', to, answer)
      }).on('error', () => to.destroy()),
    )
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const { port: own } = relay.address() as AddressInfo
  return {
    url: `http://localhost:${own}`,
    close() {
      relay.closeAllConnections()
      relay.close()
    },
  }
}

function hand(
  body: Buffer,
  type: string,
  to: ServerResponse,
  { statusCode = 502, headers }: { statusCode?: number | undefined; headers: NodeJS.Dict<string | string[]> },
): void {
  const isText = /text|json|javascript|svg/.test(type) && body.length > 0
  const { 'transfer-encoding': _, 'content-length': __, ...kept } = headers
  to.writeHead(statusCode, { ...kept, ...(isText && { 'content-encoding': 'br' }) })
  to.end(isText ? brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }) : body)
}
