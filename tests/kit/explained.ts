/** How queries are answered, on a local database of the demo's traffic: plans, statements, rows read. */

import { writeFileSync } from 'node:fs'
import { ADMIN_TOKEN, type Local, startLocal } from './local.ts'

export interface Traffic {
  site: string
  /** Unix ms */
  now: number
  /** Page views */
  views: number
  days: number
}

export interface Statement {
  sql: string
  values: string[]
  /** `meta.rows_read`, as D1 bills them. */
  read: number
  /** `EXPLAIN QUERY PLAN` */
  steps: string[]
}

export interface Explained {
  /** Each in lines; an endpoint that compares two ranges makes two or more. */
  plans: string[][]
  statements: Statement[]
  status: number
  answer: string
}

/** Always the same, so that the same rows are read. */
const TRAFFIC: Traffic = { site: 'demo', now: Date.UTC(2026, 10, 18, 14, 20), views: 1_500, days: 5 }

/** Starts the worker and seeds its database; some seconds. */
export async function startExplained(): Promise<Local> {
  const local = await startLocal('tests/kit/worker/explained.ts')
  await post(local, '/explain/seed', TRAFFIC)
  return local
}

/** Asks one address, `/v1/summary?from=-7d`; the site is the demo's unless it names another. */
export async function explained(local: Local, address: string): Promise<Explained> {
  const url = new URL(address, 'http://local')
  if (!url.searchParams.has('site')) url.searchParams.set('site', TRAFFIC.site)
  const response = await post(local, '/explain', { now: TRAFFIC.now, path: url.pathname + url.search })
  return (await response.json()) as Explained
}

async function post({ url }: Local, path: string, body: object): Promise<Response> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`)
  return response
}

/** Where the queries below are explained. */
export const PAGE = 'docs/queries.md'

/** The queries of the page. */
const QUERIES: readonly (readonly [title: string, address: string])[] = [
  ['Vitals of five days', '/v1/summary?site=demo&from=-5d'],
  ['Vitals by route', '/v1/summary?site=demo&from=-5d&group_by=route&metrics=lcp,inp&limit=5'],
  ['One route of phones', '/v1/summary?site=demo&from=-5d&route=/p/[id]&device=phone'],
  ['A combination that no roll-up holds', '/v1/summary?site=demo&from=-5d&group_by=country,browser&limit=10'],
  ['API calls by endpoint', '/v1/summary?site=demo&from=-5d&metrics=api&group_by=endpoint&limit=10'],
  [
    'Over time, by the hour',
    '/v1/timeseries?site=demo&from=-2d&interval=hour&metrics=lcp&group_by=route&limit=3',
  ],
  ['Over time, by the day', '/v1/timeseries?site=demo&from=-5d&interval=day&metrics=lcp'],
  ['What has changed', '/v1/trends?site=demo&from=-2d&metrics=lcp&group_by=route&limit=5'],
  ['Causes of LCP', '/v1/causes?site=demo&from=-5d&metric=lcp'],
  ['The slowest page views', '/v1/pageviews?site=demo&from=-5d&metric=lcp&limit=20'],
]

/** One query as a section of markdown. */
function section(title: string, address: string, { plans, statements }: Explained): string {
  const read = statements.reduce((sum, statement) => sum + statement.read, 0)
  return [
    `## ${title}`,
    code('', [`GET ${address}`]),
    ...plans.map(lines => code('', lines)),
    `${statements.length} statements read ${read.toLocaleString('en-US')} rows.`,
    ...statements.map(
      ({ sql, values, read, steps }, i) =>
        `<details><summary>Statement ${i + 1}: ${read.toLocaleString('en-US')} rows</summary>\n\n${code(
          'sql',
          [unindented(sql), ...values.map((value, i) => `-- ?${i + 1} = ${shortened(value)}`)],
        )}\n\n${code('', steps)}\n\n</details>`,
    ),
  ].join('\n\n')
}

function code(language: string, lines: readonly string[]): string {
  return `\`\`\`${language}\n${lines.join('\n')}\n\`\`\``
}

/** SQL as it is nested in the code, each line brought as far to the left as its statement's second. */
function unindented(sql: string): string {
  return (
    sql
      .split('\n')
      // Hours that are sought, one by one.
      .map(line => line.replace(/(\(\d+\)),(?:\(\d+\),)+(?=\()/g, '$1, ..., '))
      .map(line => line.replace(/^\s{4,}/, spaces => ' '.repeat(Math.max(2, spaces.length - 4))).trimEnd())
      .filter(line => line)
      .join('\n')
  )
}

function shortened(value: string): string {
  return value.length > 80 ? `${value.slice(0, 77)}...` : value
}

/** Writes docs/queries.md. */
export async function writeQueries(local: Local): Promise<void> {
  writeFileSync(PAGE, await queriesPage(local))
}

/** The whole page. */
export async function queriesPage(local: Local): Promise<string> {
  const sections = []
  for (const [title, address] of QUERIES)
    sections.push(section(title, address, await explained(local, address)))
  const { views, days, now } = TRAFFIC
  return `# How queries are answered

Ten queries, with the plan that the worker makes for each, the statements it sends to D1, and the rows these read.
\`npm run explain -- '/v1/summary?site=demo&from=-24h'\` prints the same for any address. \`npm run explain\` writes this page.
A test compares it.

The database has ${views.toLocaleString('en-US')} page views of ${days} days, made by the demo. The clock stands at
${new Date(now).toISOString().slice(0, 16)}Z. What has settled is rolled up. One day got a late page view since.

${sections.join('\n\n')}
`
}
