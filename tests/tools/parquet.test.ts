import { execFile, execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendAll } from '../../demo/traffic/send.ts'
import { pageViews } from '../../demo/traffic/traffic.ts'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import { CLI, cli as run } from '../cli/run.ts'
import { bill } from '../kit/bill.ts'
import { ADMIN_TOKEN, type Local, startLocal, type WithFiles } from '../kit/local.ts'
import { insertTraffic } from '../kit/traffic.ts'

/** What the buckets allow a percentile to be off. */
const ERROR = 0.01083
const ASKED = ['export', '--site', 'shop', '--last', '3d']

const folder = mkdtempSync(join(tmpdir(), 'fieldline-parquet-'))
const file = (name: string) => join(folder, name)
let worker: Local
let gate: Server
/** Bytes that an answer has before the gate cuts it off. */
let most = Number.POSITIVE_INFINITY
/** Answers that the gate lets through, or begins. */
let open = Number.POSITIVE_INFINITY
/** Requests to it. */
let requests = 0
let views: PageViewAnswer[]

beforeAll(async () => {
  worker = await startLocal('worker/index.ts')
  gate = createServer(pass).listen(0)
  await done('site', 'add', 'shop', '--origin', 'https://shop.example')
  await done('tags', 'add', 'shop', 'plan')
  const target = { url: worker.url.origin, site: 'shop', token: ADMIN_TOKEN }
  await sendAll(target, pageViews({ seed: 7, views: 1_500, days: 2, now: Date.now() }), () => {})
  views = linesOf(await done(...ASKED))
  await done(...ASKED, '--format', 'parquet', '--out', file('views.parquet'))
}, 120_000)
afterAll(async () => {
  gate.close()
  await worker.stop()
  rmSync(folder, { recursive: true })
})

/** A way to the worker that may break off. */
function pass(incoming: IncomingMessage, answer: ServerResponse): void {
  const { url, method, headers } = incoming
  requests++
  if (open-- <= 0) return void answer.destroy()
  const asked = request(new URL(url ?? '', worker.url), { method, headers }, from => {
    answer.writeHead(from.statusCode ?? 500, from.headers)
    let sent = 0
    from.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, most - sent)
      sent += part.length
      answer.write(part, () => sent >= most && answer.destroy())
    })
    from.on('end', () => sent < most && answer.end())
  })
  incoming.pipe(asked)
}

const cli = (...args: string[]) => {
  const { port } = gate.address() as AddressInfo
  return run(args, { FIELDLINE_URL: `http://localhost:${port}`, FIELDLINE_TOKEN: ADMIN_TOKEN })
}

async function done(...args: string[]): Promise<string> {
  const { code, out, said } = await cli(...args)
  if (code !== 0) throw new Error(`fieldline ${args.join(' ')} ended with ${code}: ${said}`)
  return out
}

/** The page views of lines of NDJSON. */
function linesOf(text: string): PageViewAnswer[] {
  const lines = text.trimEnd().split('\n')
  return lines.map(line => JSON.parse(line)).filter(({ id }) => id)
}

async function duck(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  const found = await connection.runAndReadAll(
    `SET file_search_path = '${folder}'; SET TimeZone = 'UTC'; ${sql}`,
  )
  return found.getRowObjectsJson()
}

/** The queries of the docs, in their order. */
const QUERIES = [...readFileSync('docs/other-tools.md', 'utf8').matchAll(/```sql\n(.*?)```/gs)].map(
  ([, sql = '']) => sql,
)

describe('fieldline export --format parquet', () => {
  it('holds all of every page view, in types of its own', async () => {
    expect(views.length).toBeGreaterThan(1_300)
    const rows =
      await duck(`SELECT * REPLACE (epoch_ms(began)::DOUBLE AS began, calls::JSON AS calls, marks::JSON AS marks,
      phases::JSON AS phases, map_entries(server)::JSON AS server, map_entries(tags)::JSON AS tags) FROM 'views.parquet'`)
    expect(rows.length).toBe(views.length)
    const json = (value: unknown) => (value === null ? null : JSON.parse(String(value)))
    const entries = (map: object | null) => map && Object.entries(map).map(([key, value]) => ({ key, value }))
    for (const [i, view] of views.entries()) {
      const { calls, marks, phases, server, tags, why, blocking, bfcache, ...flat } = rows[i] ?? {}
      const { began, trace } = view
      expect(flat).toMatchObject({
        ...{ id: view.id, route: view.route, lcp: view.lcp, cls: view.cls, weight: view.weight },
        ...{ began: Date.parse(began), country: view.country, trace: trace?.id ?? null },
      })
      expect(json(why)).toEqual(view.why)
      expect(json(blocking)).toEqual(view.blocking)
      expect(json(bfcache)).toEqual(view.bfcache)
      expect(json(phases)).toEqual(view.phases)
      expect(json(marks)).toEqual(view.marks)
      expect(json(server)).toEqual(entries(view.server))
      expect(json(tags)).toEqual(entries(view.tags))
      expect(json(calls)).toEqual(view.calls.map(call => ({ ...call, trace: call.trace?.id ?? null })))
    }
    const types = await duck("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM 'views.parquet')")
    expect(
      Object.fromEntries(types.map(({ column_name, column_type }) => [column_name, column_type])),
    ).toMatchObject({
      began: 'TIMESTAMP WITH TIME ZONE',
      lcp: 'INTEGER',
      cls: 'DOUBLE',
      tags: 'MAP(VARCHAR, VARCHAR)',
      why: 'JSON',
      calls: expect.stringMatching(/^STRUCT\(endpoint VARCHAR, .*\)\[\]$/),
    })
  })

  it('gives the percentiles of the API by the first query of the docs', async () => {
    const rows = await duck(QUERIES[0] ?? '')
    const asked = [
      'summary',
      '--site',
      'shop',
      '--last',
      '3d',
      '--metrics',
      'lcp',
      '--group-by',
      'route,country',
      '--limit',
      '200',
    ]
    const { data }: SummaryAnswer = JSON.parse(await done(...asked, '--json'))
    expect(data.length).toBeGreaterThan(20)
    for (const { group, count, percentiles } of data) {
      const row = rows.find(({ route, country }) => route === group?.route && country === group?.country)
      expect(Number(row?.page_views)).toBe(count)
      const value = percentiles?.p75?.value ?? 0
      expect(Math.abs(value / Number(row?.p75) - 1), JSON.stringify(group)).toBeLessThanOrEqual(ERROR)
    }
  })

  it('tells where slow checkouts lose their time, and of calls by server', async () => {
    const count = <T>(list: readonly T[], of: (item: T) => boolean) => list.filter(of).length
    const checkouts = views.filter(({ route }) => route === '/checkout')
    const slow = checkouts.filter(({ lcp }) => (lcp ?? 0) > 2_500)
    const [funnel] = await duck(QUERIES[1] ?? '')
    expect(Object.values(funnel ?? {}).map(Number)).toEqual([
      checkouts.length,
      slow.length,
      count(slow, ({ calls }) => calls.some(({ waited }) => waited > 0)),
      count(slow, ({ calls, lcp }) => calls.some(({ waited }) => waited > (lcp ?? 0) / 2)),
    ])
    expect(slow.length).toBeGreaterThan(3)

    const calls = views.flatMap(view => view.calls)
    const own = calls.filter(({ endpoint }) => /^\S+ \//.test(endpoint))
    const servers = await duck(QUERIES[2] ?? '')
    const [first] = servers.filter(({ server }) => server === 'own origin')
    expect(
      Object.values(first ?? {})
        .slice(1)
        .map(Number),
    ).toEqual([
      own.length,
      count(own, ({ outcome }) => ['http', 'network', 'timeout'].includes(outcome)),
      count(own, ({ duration }) => duration > 1_000),
    ])
    expect(servers.reduce((sum, { calls }) => sum + Number(calls), 0)).toBe(calls.length)
  })
})

describe('fieldline import', () => {
  const restored = (name: string) => ['import', file(name), '--site', 'copy']
  const lines = (site: string) => done('export', '--site', site, '--last', '3d')
  const settings = ['--origin', 'https://shop.example', '--raw-days', '7']
  const empty = async () => {
    await worker.db.prepare("DELETE FROM pageviews WHERE site = 'copy'").all()
  }

  it('brings all back from Parquet and from NDJSON, once', async () => {
    await done('site', 'add', 'copy', ...settings)
    await done(...ASKED, '--out', file('views.ndjson'))
    const original = await lines('shop')
    for (const name of ['views.parquet', 'views.ndjson']) {
      await empty()
      expect(await done(...restored(name))).toBe(
        `Imported ${views.length} page views. 0 were there already, 0 were refused.\n`,
      )
      expect(await lines('copy'), name).toBe(original)
      expect(await done(...restored(name))).toBe(
        `Imported 0 page views. ${views.length} were there already, 0 were refused.\n`,
      )
      expect(await lines('copy')).toBe(original)
    }
    const asked = ['summary', '--last', '3d', '--metrics', 'lcp,api', '--group-by', 'route', '--json']
    // How many came a minute depends on when that is asked.
    const figures = async (site: string) => {
      const { data }: SummaryAnswer = JSON.parse(await done(...asked, '--site', site))
      return data.map(row => ({ ...row, per_minute: undefined }))
    }
    expect(await figures('copy')).toEqual(await figures('shop'))
  })

  it('answers alike in another worker', async () => {
    const other = await startLocal('worker/index.ts')
    const there = async (...args: string[]) => {
      const env = { FIELDLINE_URL: other.url.origin, FIELDLINE_TOKEN: ADMIN_TOKEN }
      const { code, out, said } = await run(args, env)
      expect(code, said).toBe(0)
      return out
    }
    try {
      await there('site', 'add', 'shop', ...settings)
      await there('tags', 'add', 'shop', 'plan')
      await there('import', file('views.parquet'), '--site', 'shop')
      const begin = Math.min(...views.map(({ began }) => Date.parse(began)))
      const time = ['--from', new Date(begin).toISOString(), '--to', new Date().toISOString()]
      for (const question of [
        ['summary', '--metrics', 'lcp,inp,cls,pageviews,api', '--group-by', 'route'],
        ['causes', '--metric', 'lcp'],
        ['errors'],
        ['blocking'],
        ['pageviews', '--limit', '20'],
      ]) {
        const whole = [...question, '--site', 'shop', ...time, '--json']
        // How many came a minute depends on when that is asked.
        const figures = (text: string) =>
          JSON.parse(text).data.map((row: object) => ({ ...row, per_minute: undefined }))
        expect(figures(await there(...whole)), question[0]).toEqual(figures(await done(...whole)))
      }
    } finally {
      await other.stop()
    }
  })

  it('has rolled-up hours and days rolled up again', async () => {
    const [first] = views
    const hour = Math.floor(Date.parse(first?.began ?? '') / 3_600_000)
    await worker.db
      .prepare(`INSERT OR REPLACE INTO periods (site, tier, start, state, rolled) VALUES
        ('copy', 'hour', ${hour}, 'clean', ${hour + 40}), ('copy', 'day', ${Math.floor(hour / 24) * 24}, 'clean', ${hour + 40})`)
      .all()
    await empty()
    await done(...restored('views.parquet'))
    const { results } = await worker.db
      .prepare(
        `SELECT state, rolled - start AS after FROM periods WHERE site = 'copy' AND start IN (${hour}, ${Math.floor(hour / 24) * 24})`,
      )
      .all()
    expect(results).toEqual([
      { state: 'dirty', after: 0 },
      { state: 'dirty', after: 0 },
    ])
  })

  it('names lines that it refuses, and takes a later beacon of a page view', async () => {
    const [first, second] = views
    const line = (change: object) => JSON.stringify({ ...second, ...change })
    const bad = [
      line({ lcp: 'fast' }),
      '{"id":',
      line({ began: '2020-01-01T00:00:00Z' }),
      JSON.stringify({ ...first, lcp: 4_321, beacons: { newest: 9, received: 1023 } }),
      line({ calls: [{ endpoint: 5 }] }),
      line({ device: 'fridge' }),
    ]
    writeFileSync(file('bad.ndjson'), bad.join('\n'))
    const { code, out, said } = await cli(...restored('bad.ndjson'))
    expect({ code, out }).toEqual({
      code: 1,
      out: 'Imported 1 page views. 0 were there already, 5 were refused.\n',
    })
    expect(said).toContain(
      'line 1: lcp must be a number\nline 2: line is not JSON\nline 3: began must be from 2',
    )
    expect(said).toContain(
      [
        'raw_days is 7, so it would be deleted at once',
        'line 5: calls.0.endpoint must be a string',
        'line 6: device must be phone, tablet or desktop',
      ].join('\n'),
    )
    expect(linesOf(await lines('copy')).find(({ id }) => id === first?.id)).toMatchObject({ lcp: 4_321 })
  })
})

describe('fieldline import of another file', () => {
  it.each([
    ['views.csv', 'id,began\r\n1,2\r\n', 'is neither NDJSON nor Parquet: write it by fieldline export'],
    ['views.json', '[{"id":1}]', 'is neither NDJSON nor Parquet'],
    ['nowhere.ndjson', null, 'cannot be read'],
    ['.', null, 'cannot be read'],
  ])('says of %s what it is', async (name, text, reason) => {
    if (text !== null) writeFileSync(file(name), text)
    const { code, out, said } = await cli('import', file(name), '--site', 'copy')
    expect({ code, out, said }).toEqual({ code: 2, out: '', said: expect.stringContaining(reason) })
  })
})

describe('names with separators of lines', () => {
  it('keeps them in every format, and in an import', async () => {
    const route = '/line\u2028and\u2029paragraph'
    for (const site of ['odd', 'odd-copy'])
      await done('site', 'add', site, '--origin', 'https://shop.example', '--raw-days', '7')
    writeFileSync(file('odd.ndjson'), `${JSON.stringify({ ...views.at(-1), route })}\r\n`)
    await done('import', file('odd.ndjson'), '--site', 'odd')
    for (const format of ['csv', 'ndjson', 'parquet']) {
      await done(
        'export',
        '--site',
        'odd',
        '--last',
        '3d',
        '--format',
        format,
        '--out',
        file(`odd.${format}`),
      )
    }
    expect(readFileSync(file('odd.csv'), 'utf8')).toContain(route)
    expect(await duck("SELECT route FROM 'odd.parquet'")).toEqual([{ route }])
    await done('import', file('odd.ndjson'), '--site', 'odd-copy')
    expect(linesOf(await done('export', '--site', 'odd-copy', '--last', '3d'))).toMatchObject([{ route }])
  })
})

describe('an export that is cut off', () => {
  const ids = (list: readonly { id?: unknown }[]) => list.map(({ id }) => id)

  it('goes on by itself where answers break off', async () => {
    most = 300_000
    try {
      expect(ids(linesOf(await done(...ASKED)))).toEqual(ids(views))
    } finally {
      most = Number.POSITIVE_INFINITY
    }
  })

  it('goes on with the same command, even behind half a line', async () => {
    const command = [...ASKED, '--format', 'parquet', '--out', file('again.parquet')]
    most = 300_000
    open = 1
    const cut = await cli(...command)
    expect(cut).toMatchObject({
      code: 1,
      said: expect.stringContaining('The same command goes on from there.'),
    })
    expect(existsSync(file('again.parquet'))).toBe(false)
    appendFileSync(file('again.parquet.part'), '{"id":"0123')
    most = Number.POSITIVE_INFINITY
    open = Number.POSITIVE_INFINITY
    const other = await cli(...ASKED, '--route', '/', '--format', 'parquet', '--out', file('again.parquet'))
    expect(other).toMatchObject({ code: 2, said: expect.stringContaining('is left of another export') })

    const [, had] = /after (\d+) page views/.exec(cut.said) ?? []
    const { code, said } = await cli(...command)
    expect(code, said).toBe(0)
    expect(said).toContain(`Going on after ${had} page views`)
    expect(said).toContain(`Wrote ${file('again.parquet')}: ${views.length} page views.`)
    expect(Number(had)).toBeGreaterThan(0)
    expect(existsSync(file('again.parquet.part'))).toBe(false)
    expect(ids(await duck("SELECT id FROM 'again.parquet'"))).toEqual(ids(views))
  })
})

describe('an export that is refused', () => {
  it.each(['ndjson', 'otlp'])('of two into one file at once, lets the first write: %s', async format => {
    const [path, lock] = [file(`once.${format}`), file(`once.${format}.lock`)]
    const ask = () => cli(...ASKED, '--format', format, '--out', path)
    const ran = await Promise.all([ask(), ask(), ask()])
    const [first, ...others] = ran.toSorted((a, b) => a.code - b.code)
    expect(first?.code).toBe(0)
    for (const { code, said } of others)
      expect([code, said]).toEqual([2, expect.stringContaining(`Another export writes ${path}: wait for it`)])
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.every(line => JSON.parse(line))).toBe(true)
    expect(lines).toHaveLength(format === 'otlp' ? 1 : views.length)
    expect(existsSync(lock)).toBe(false)
    // One that was killed, and one of a machine that is gone.
    const dead = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim()
    writeFileSync(lock, `${dead} ${hostname()}`)
    expect((await ask()).code).toBe(0)
    writeFileSync(lock, '1 elsewhere')
    expect((await ask()).code).toBe(2)
    utimesSync(lock, 0, 0)
    expect((await ask()).code).toBe(0)
  })

  it('leaves nothing in the way of the next', async () => {
    const command = (...days: string[]) =>
      cli('export', '--site', 'shop', ...days, '--format', 'csv', '--out', file('refused.csv'))
    const { code, said } = await command('--from', 'yesterday')
    expect(code).toBe(1)
    expect(said).toContain('from must be RFC 3339')
    expect(said).not.toContain('goes on')
    expect(existsSync(file('refused.csv.part'))).toBe(false)
    open = 0
    expect(await command('--last', '1d')).toMatchObject({ code: 1 })
    open = Number.POSITIVE_INFINITY
    expect(await command('--last', '3d')).toMatchObject({ code: 0 })
  })
})

describe('a file that cannot be written', () => {
  it.each([
    ['export --format csv --out', 'out'],
    ['export --format otlp --out', 'out'],
    ['report --out', 'out'],
    ['check --budgets --junit', 'junit'],
    ['check --budgets --markdown', 'markdown'],
  ])('is a misuse of %s that names --%s, before anything is asked', async (command, option) => {
    const before = requests
    const ask = (path: string) => cli(...command.split(' '), path, '--site', 'shop')
    const [folder, nowhere] = [await ask(file('.')), await ask(file('nowhere/a'))]
    expect(folder).toMatchObject({ code: 2, out: '' })
    expect(folder.said).toContain(`--${option}: ${file('.')} is a folder`)
    expect(nowhere).toMatchObject({ code: 2, out: '' })
    expect(nowhere.said).toContain(`--${option}: there is no folder ${file('nowhere')}`)
    expect(requests).toBe(before)
  })
})

describe('a reader that goes early', () => {
  const run = (script: string, env: Record<string, string>) =>
    new Promise<{ code: number; said: string }>(done => {
      execFile('bash', ['--norc', '-c', `set -o pipefail; ${script}`], { env }, (error, _, said) =>
        done({ code: error ? Number(error.code ?? -1) : 0, said }),
      )
    })

  it.each([
    ['export --last 3d', 'head -n 1'],
    ['export --last 3d --format csv', 'head -n 1'],
    ['export --last 3d --format otlp --group-by route,country', 'head -c 1'],
    ['summary --last 3d', 'true'],
    ['report', 'true'],
  ])('ends %s | %s without a word', async (command, reader) => {
    const { port } = gate.address() as AddressInfo
    expect(
      await run(`"$NODE" "$CLI" ${command} --site shop | ${reader}`, {
        ...{ NODE: process.execPath, CLI, PATH: process.env.PATH ?? '' },
        ...{ FIELDLINE_URL: `http://localhost:${port}`, FIELDLINE_TOKEN: ADMIN_TOKEN },
      }),
    ).toEqual({ code: 0, said: '' })
  })
})

describe('fieldline export --format csv', () => {
  it('gives the same table, nested parts as JSON', async () => {
    await done(...ASKED, '--format', 'csv', '--out', file('views.csv'))
    const [differing] =
      await duck(`SELECT count(*) AS n FROM read_csv('views.csv') AS c JOIN 'views.parquet' AS p USING (id)
      WHERE c.lcp IS DISTINCT FROM p.lcp OR c.route <> p.route OR c.began <> p.began OR json_array_length(c.calls) <> len(p.calls)`)
    expect(Number(differing?.n)).toBe(0)
    const [all] = await duck("SELECT count(*) AS n FROM read_csv('views.csv')")
    expect(Number(all?.n)).toBe(views.length)
    expect(await done(...ASKED, '--format', 'csv')).toBe(readFileSync(file('views.csv'), 'utf8'))
  })

  it('needs a file for Parquet, and a format that there is', async () => {
    expect(await cli(...ASKED, '--format', 'parquet')).toMatchObject({
      code: 2,
      said: expect.stringContaining('--format parquet needs --out <file>.'),
    })
    expect((await cli(...ASKED, '--format', 'xlsx')).said).toContain(
      'must be one of ndjson, csv, parquet, otlp',
    )
  })
})

describe('days in R2', () => {
  const DAY = Math.floor(Date.now() / 86_400_000 - 40) * 24
  let metered: WithFiles
  beforeAll(async () => {
    metered = await startLocal('tests/kit/worker/metered.ts', { r2Buckets: ['ARCHIVE'] })
  }, 60_000)
  afterAll(() => metered.stop())

  it('have the percentiles that the API had while D1 kept them', async () => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
    const body = JSON.stringify({ origins: ['https://shop.example'] })
    await fetch(new URL('/v1/sites/shop', metered.url), { method: 'PUT', headers, body })
    const traffic = { site: 'shop', from: DAY, hours: 24, views: 4_000, callsIn: 2, routes: 5, endpoints: 5 }
    for (const statement of insertTraffic(traffic)) await metered.db.prepare(statement).all()
    for (let hour = DAY; hour < DAY + 24; hour++)
      await bill(metered, `hour?site=shop&start=${hour}&now=${Date.now()}`)
    await bill(metered, `day?site=shop&start=${DAY}&now=${Date.now()}`)
    const [from, to] = [DAY, DAY + 24].map(hour => new Date(hour * 3_600_000).toISOString())
    const asked = `site=shop&metrics=lcp&percentiles=75&group_by=route&from=${from}&to=${to}`
    const answer = await fetch(new URL(`/v1/summary?${asked}`, metered.url), { headers })
    const { data } = (await answer.json()) as SummaryAnswer
    expect(data.length).toBe(5)

    // One run in seven looks for old rows. Raw rows go first, then hours, then the day.
    for (const days of [16, 37, 762, 763]) {
      const now = (DAY / 24 + days) * 86_400_000
      await bill(metered, `cron?now=${Math.ceil(now / 2_100_000) * 2_100_000}`)
    }
    for (const [key, bytes] of await metered.files('ARCHIVE')) {
      mkdirSync(join(file(key), '..'), { recursive: true })
      writeFileSync(file(key), bytes)
    }
    const rows = await duck(QUERIES[3] ?? '')
    expect(rows.length).toBe(5)
    for (const { route, page_views, p75 } of rows) {
      const group = data.find(row => row.group.route === route)
      expect(Number(page_views)).toBe(group?.count)
      expect(Math.abs(Number(p75) / (group?.percentiles?.p75?.value ?? 0) - 1)).toBeLessThan(ERROR)
    }
  })
})
