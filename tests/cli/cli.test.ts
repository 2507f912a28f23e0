import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describe as settingsInWords } from '../../cli/site.ts'
import type { SiteAnswer, SitesAnswer } from '../../schema/api/site.ts'
import type { SummaryAnswer } from '../../schema/api/summary.ts'
import type { NewTokenAnswer, TokensAnswer } from '../../schema/api/token.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { pageView } from '../kit/pageview.ts'
import { cli as run, succeeding } from './run.ts'
import { visit } from './visits.ts'

let worker: Local
beforeAll(async () => {
  worker = await startLocal('worker/index.ts')
  await done('site', 'add', 'shop', '--origin', 'https://shop.example', '--origin', 'http://localhost:*')
  await visit(worker, 'shop', [
    ...Array.from({ length: 30 }, () => pageView({ route: '/p/[id]' })),
    ...Array.from({ length: 10 }, () => pageView({ route: '/slow', vitals: { ...VITALS, lcp: 5_000 } })),
  ])
})
afterAll(() => worker.stop())

const VITALS = pageView().vitals
const cli = (...args: string[]) =>
  run(args, { FIELDLINE_URL: String(worker.url), FIELDLINE_TOKEN: ADMIN_TOKEN })

const done = succeeding(cli)

describe('fieldline tags', () => {
  it('declares tags, asks by them and takes them back', async () => {
    await done('site', 'add', 'tagged', '--origin', 'https://shop.example')
    await done('tags', 'add', 'tagged', 'plan')
    expect(await done('tags', 'add', 'tagged', 'variant')).toMatch(/^ {2}plan .*\n {2}variant /m)
    await visit(worker, 'tagged', [
      pageView({ tags: [['plan', 'pro']] }),
      pageView({ tags: [['plan', 'free']] }),
    ])
    const grouped = await done('summary', '--site', 'tagged', '--metrics', 'lcp', '--group-by', 'tag:plan')
    expect(grouped).toMatch(/^ {2}tag:plan .*\n.*\n {2}(pro|free) /m)
    const ask = ['summary', '--site', 'tagged', '--metrics', 'pageviews', '--json', '--tag', 'plan=pro']
    expect(JSON.parse(await done(...ask)).data[0]).toMatchObject({ count: 1 })
    expect(JSON.parse(await done(...ask, '--tag', 'plan=free')).data[0]).toMatchObject({ count: 2 })
    const terms = ['--site', 'tagged', '--metric', 'lcp', '--limit', '2500', '--tag', 'plan=pro']
    const made = await done('budget', 'add', ...terms)
    expect(made).toContain('lcp p75 of 24 h plan:pro')
    // Without its tag the budget would have no data, and tell nobody.
    const [budget = ''] = made.split(' ')
    expect(await cli('tags', 'remove', 'tagged', 'plan')).toMatchObject({
      code: 1,
      said: expect.stringContaining(budget),
    })
    await done('budget', 'remove', budget, '--site', 'tagged')
    await done('tags', 'remove', 'tagged', 'plan')
    expect(await cli(...ask)).toMatchObject({
      code: 1,
      said: expect.stringContaining('declared are variant'),
    })
    expect(await cli('tags', 'remove', 'tagged', 'plan')).toMatchObject({ code: 1 })
    await done('site', 'remove', 'tagged', '--yes')
  })
})

describe('fieldline segments', () => {
  it('adds a budget once, and says so the second time', async () => {
    const add = ['budget', 'add', '--site', 'shop', '--metric', 'cls', '--limit', '0.1']
    const first = await cli(...add)
    expect(first).toMatchObject({ code: 0, said: '' })
    expect(await cli(...add)).toEqual({
      code: 0,
      out: first.out,
      said: 'It is there already: nothing has changed.\n',
    })
    expect(await cli('budget', 'add', '--site', 'shop', '--metric', 'cls', '--limit', '2500')).toMatchObject({
      code: 1,
      said: expect.stringContaining('limit must be at most 10 for cls: a score, such as 0.1'),
    })
    await done('budget', 'remove', first.out.split(' ')[0] ?? '', '--site', 'shop')
  })

  it('marks a deploy once, and says so the second time', async () => {
    const first = await cli('deploy', '--site', 'shop', '--release', '9.1')
    expect(first).toMatchObject({ code: 0, said: '' })
    expect(await cli('deploy', '--site', 'shop', '--release', '9.1')).toEqual({
      code: 0,
      out: first.out,
      said: 'It is there already: nothing has changed.\n',
    })
    expect(await done('deploys', '--site', 'shop', '--last', '7d')).toMatch(/Z +9\.1 /)
  })

  it('saves, lists, asks by and deletes segments', async () => {
    await done('segments', 'set', 'shop', 'slow', '--route', '/slow', '--not', 'country=FR')
    await done('segments', 'set', 'shop', 'two', '--name', 'Two routes', '--route', '/slow', '--route', '/b')
    expect(await done('segments', 'list', 'shop')).toMatch(
      /^ {2}slow +slow +route \/slow, country not FR.*\n {2}two +Two routes +route \/slow or \/b/m,
    )
    const ask = ['summary', '--site', 'shop', '--metrics', 'pageviews', '--json', '--segment', 'two']
    expect(JSON.parse(await done(...ask)).data[0]).toMatchObject({ count: 10 })
    expect(await cli(...ask, '--route', '/p/[id]')).toMatchObject({
      code: 1,
      said: expect.stringContaining('route contradicts segment two, whose route is /b or /slow'),
    })
    const budget = [
      'budget',
      'add',
      '--site',
      'shop',
      '--metric',
      'lcp',
      '--limit',
      '9000',
      '--segment',
      'two',
    ]
    const made = await done(...budget)
    expect(made).toContain('lcp p75 of 24 h two')
    expect(await cli('segments', 'remove', 'shop', 'two')).toMatchObject({
      code: 1,
      said: expect.stringContaining('is used by budget'),
    })
    await done('budget', 'remove', made.split(' ')[0] ?? '', '--site', 'shop')
    for (const id of ['two', 'slow']) await done('segments', 'remove', 'shop', id)
    expect(await cli('segments', 'set', 'shop', 'x', '--not', 'city=Bonn')).toMatchObject({ code: 2 })
  })
})

describe('fieldline site', () => {
  it('adds, changes, shows, lists and removes a site', async () => {
    await done('site', 'add', 'blog', '--origin', 'https://blog.example', '--rows-per-day', '5000')
    await done('site', 'set', 'blog', '--rate', '8', '--max-weight', '50', '--bytes-per-day', '5000000')
    const shown: SiteAnswer = JSON.parse(await done('site', 'show', 'blog', '--json'))
    expect(shown).toMatchObject({ origins: ['https://blog.example'], rate: 8, rows_per_day: 5000 })
    expect(shown).toMatchObject({ max_weight: 50, bytes_per_day: 5_000_000 })
    expect(await done('site', 'show', 'blog')).toMatch(/^rate +8$/m)
    expect(await done('site', 'list')).toMatch(/^ {2}blog +https:\/\/blog\.example +DB +8 +5000 /m)
    expect(JSON.parse(await done('site', 'list', '--json')) satisfies SitesAnswer).toMatchObject({
      data: [{ site: 'blog' }, { site: 'shop', origins: ['https://shop.example', 'http://localhost:*'] }],
    })

    expect(await done('site', 'move', 'blog', '--to', 'DB')).toContain('blog is in DB.')
    const nowhere = await cli('site', 'move', 'blog', '--to', 'DB_2')
    expect(nowhere).toMatchObject({ code: 1, said: expect.stringContaining('it has DB (400') })
    expect(await cli('site', 'remove', 'blog')).toMatchObject({ code: 2 })
    await done('site', 'remove', 'blog', '--yes')
    expect(await cli('site', 'show', 'blog')).toEqual({
      code: 1,
      out: '',
      said: 'fieldline: There is no site blog. (404 Not Found)\n',
    })
  })

  it.each([
    ['copy', 'to DB_2: its rows are copied'],
    ['merge', 'from DB_2: what came there lately follows'],
    ['purge', 'from DB_2: its old rows there go an hour after the move'],
  ] as const)('shows in words how far a move is: %s', async (phase, words) => {
    const site: SiteAnswer = JSON.parse(await done('site', 'show', 'shop', '--json'))
    expect(settingsInWords(site)).not.toMatch(/moving/)
    const text = settingsInWords({ ...site, moving: { phase, other: 'DB_2' } })
    expect(text).toMatch(new RegExp(`^moving +${words}$`, 'm'))
  })

  it('adds no site that there is', async () => {
    const before = await done('site', 'show', 'shop')
    const again = await cli('site', 'add', 'shop', '--origin', '*')
    expect(again).toMatchObject({ code: 1, said: expect.stringContaining('Site shop exists already.') })
    expect(await done('site', 'show', 'shop')).toBe(before)
  })

  it('says which setting the API does not take', async () => {
    const { code, said } = await cli('site', 'set', 'shop', '--rate', '3')
    expect({ code, said }).toEqual({
      code: 1,
      said: 'fieldline: --rate must be a power of two from 1 to 1048576 (400 Bad Request)\n',
    })
  })
})

describe('fieldline rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-rules-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string, content: unknown) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  it('previews, sets and gets rules, and says which field is wrong', async () => {
    const path = file('rules.json', { rules: [{ kind: 'route', pattern: '/slow', name: '/not-fast' }] })
    expect(await done('rules', 'set', 'shop', path, '--preview')).toMatch(
      /route +\/slow +1 +10 +\/slow -> \/not-fast\n\n2 routes become 2/,
    )
    expect(await done('rules', 'set', 'shop', path)).toMatch(/^1 rules, since 2/)
    const printed = await done('rules', 'get', 'shop')
    expect(JSON.parse(printed)).toMatchObject({ case: 'keep', rules: [{ pattern: '/slow' }] })
    expect(await done('rules', 'set', 'shop', file('again.json', printed))).toMatch(/^1 rules/)
    const whole = await done('rules', 'get', 'shop', '--json')
    expect(await done('rules', 'set', 'shop', file('whole.json', whole))).toMatch(/^1 rules/)
    expect(await done('rules', 'suggest', 'shop')).toBe('No segment has many values.\n')
    const bad = file('bad.json', { rules: [{ kind: 'route', pattern: '/*' }] })
    expect((await cli('rules', 'set', 'shop', bad)).said).toContain('rules.0.pattern matches everything')
  })

  it('makes rules of an OpenAPI file, without a worker', async () => {
    const document = {
      openapi: '3.1.0',
      servers: [{ url: 'https://api.shop.example/v2' }],
      paths: {
        '/orders/{order-id}': {},
        '/orders/{id}/items': {},
        '/orders/open': {},
        '/health': {},
        '/{tenant}/x:go': {},
      },
    }
    const { code, out } = await run(['rules', 'from-openapi', file('api.json', document)])
    expect(code).toBe(0)
    expect(JSON.parse(out).rules).toEqual(
      ['/v2/orders/open', '/v2/orders/:order_id', '/v2/orders/:id/items', '/v2/:tenant/x\\:go'].map(
        pattern => ({
          kind: 'endpoint',
          pattern,
        }),
      ),
    )
    await done('rules', 'set', 'shop', file('made.json', out), '--preview')
    const { code: wrong, said } = await run(['rules', 'from-openapi', file('api.yaml', 'paths:')])
    expect(wrong).toBe(2)
    expect(said).toContain('is not JSON. Convert it first: npx js-yaml')
  })
})

describe('fieldline token', () => {
  it('prints a token that a script can take from the standard output, and that reads', async () => {
    const token = (await done('token', 'create', '--site', 'shop', '--name', 'CI', '--expires', '90d')).trim()
    const asReader = (...args: string[]) =>
      run([...args, '--token', token], { FIELDLINE_URL: String(worker.url) })
    expect((await asReader('summary', '--site', 'shop')).code).toBe(0)
    // The site is in the token.
    expect((await asReader('summary')).out).toContain('shop, ')
    expect(await asReader('summary', '--site', 'other')).toMatchObject({
      code: 1,
      said: 'fieldline: This token reads site shop and no other: ask for --site shop. (403 Forbidden)\n',
    })
    expect(await asReader('site', 'set', 'shop', '--rate', '2')).toMatchObject({ code: 1 })

    const { data }: TokensAnswer = JSON.parse(await done('token', 'list', '--site', 'shop', '--json'))
    const [made] = data
    expect(Date.parse(made?.expires ?? '') - Date.now()).toBeGreaterThan(89 * 86_400_000)
    expect(await done('token', 'list', '--site', 'shop')).toContain(`${made?.id}  CI`)
    await done('token', 'revoke', made?.id ?? '', '--site', 'shop')
    expect((await asReader('summary')).said).toContain('401')
  })

  it('takes a date that it expires on', async () => {
    const create = (day: string) =>
      cli('token', 'create', '--site', 'shop', '--name', 'dated', '--expires', day, '--json')
    const made: NewTokenAnswer = JSON.parse((await create('2999-01-01')).out)
    expect(made.expires).toBe('2999-01-01T00:00:00.000Z')
    await done('token', 'revoke', made.id, '--site', 'shop')
    expect(await create('2999-02-30')).toMatchObject({
      code: 1,
      said: expect.stringContaining('--expires is not a valid date'),
    })
  })

  it('answers the API’s JSON', async () => {
    const made: NewTokenAnswer = JSON.parse(
      await done('token', 'create', '--site', 'shop', '--name', 'x', '--json'),
    )
    expect(made.token).toMatch(/^fl_shop_/)
  })
})

describe('fieldline changes', () => {
  it('prints what got worse and where, or that nothing changed', async () => {
    await done('site', 'add', 'released', '--origin', '*')
    const of = (release: string, route: string, lcp: number) =>
      Array.from({ length: 120 }, (_, i) => pageView({ release, route, vitals: { ...VITALS, lcp: lcp + i } }))
    await visit(worker, 'released', [
      ...[...of('1', '/', 1_000), ...of('1', '/p/[id]', 1_500)],
      ...[...of('2', '/', 1_000), ...of('2', '/p/[id]', 3_000)],
    ])
    const args = ['changes', '--site', 'released', '--release', '2', '--metrics', 'lcp']
    const [title, , head, , first, ...rest] = (await done(...args, '--against', 'release:1')).split('\n')
    expect(title).toBe('released, 2, against 1')
    expect(head).toMatch(/^ {2}change +where +metric +before +after +by +from +to +harmed +sure$/)
    expect(first).toMatch(
      /^ {2}worse +desktop, \/p\/\[id\] +lcp +1\.\d\d s +3\.\d\d s +\+\d+% .* 120 +over 99.9%$/,
    )
    expect(rest.join('\n')).toMatch(/comparisons; \d+ unclear, \d+ more with too little data\./)
    expect(await done(...args, '--against', 'release:2')).toContain('Nothing changed.')
    const nobody = await done(...args, '--against', 'release:2', '--country', 'FR')
    expect(nobody).toContain('Too little data to tell.')
  })
})

describe('fieldline summary', () => {
  it('prints an aligned table with counts and intervals', async () => {
    const out = await done(
      'summary',
      '--site',
      'shop',
      '--last',
      '7d',
      '--metrics',
      'lcp',
      '--group-by',
      'route',
    )
    const [title, blank, head, rule, first, second] = out.split('\n')
    expect(title).toMatch(/^shop, \d{4}-\d\d-\d\d \d\d:00 to .* UTC$/)
    expect(blank).toBe('')
    expect(head).toMatch(
      /^ {2}route +metric +count +samples +p50 +p75 +p90 +p95 +p99 +95% of p75 +good +p75 is$/,
    )
    expect(first).toMatch(/^ {2}\/p\/\[id\] +lcp +30 +30 .* 100% +good$/)
    expect(second).toMatch(/^ {2}\/slow +lcp +10 +10 +5\.0. s .* 0% +poor$/)
    expect(new Set([head, rule, first, second].map(line => line?.length)).size).toBe(1)
  })

  it('takes dates, of which the last is not included', async () => {
    const [yesterday = '', today = ''] = [1, 0].map(ago =>
      new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10),
    )
    const out = await done('summary', '--site', 'shop', '--from', yesterday, '--to', today)
    expect(out).toContain(`shop, ${yesterday} 00:00 to ${today} 00:00 UTC`)
  })

  it('has no column of what no row has', async () => {
    const out = await done('summary', '--site', 'shop', '--metrics', 'errors')
    expect(out).toMatch(/^ {2}metric +count +samples +good$/m)
  })

  it('filters, and takes percentiles and times as they are', async () => {
    const args = ['--site', 'shop', '--from', '-24h', '--percentiles', '90', '--route', '/slow', '--json']
    const answer: SummaryAnswer = JSON.parse(await done('summary', ...args))
    expect(answer.data.find(({ metric }) => metric === 'lcp')).toMatchObject({ count: 10, group: {} })
    expect(Object.keys(answer.data[0]?.percentiles ?? {})).toEqual(['p90'])
  })

  it('takes several values of a filter, and values to leave out', async () => {
    const counts = async (...filters: string[]) => {
      const out = await done('summary', '--site', 'shop', '--metrics', 'lcp', '--json', ...filters)
      return (JSON.parse(out) as SummaryAnswer).data[0]?.count
    }
    expect(await counts('--route', '/slow', '--route', '/p/[id]')).toBe(40)
    expect(await counts('--not', 'route=/slow')).toBe(30)
    expect(await cli('summary', '--site', 'shop', '--not', 'slow')).toMatchObject({
      code: 2,
      said: expect.stringContaining('--not must be <filter>=<value>'),
    })
  })

  it('says that there is no data', async () => {
    expect(await done('summary', '--site', 'shop', '--route', '/nowhere')).toMatch(/: no data\n$/)
  })

  it('prints nothing that moves the cursor or turns the line around', async () => {
    const route = '/\u202egnp.exe\u2028\u200f'
    await done('site', 'add', 'hostile', '--origin', '*')
    await visit(worker, 'hostile', [pageView()])
    // As it was stored before beacons were freed of such letters.
    await worker.db.prepare(`UPDATE pageviews SET route = '${route}' WHERE site = 'hostile'`).all()
    const args = ['--site', 'hostile', '--group-by', 'route']
    expect(await done('summary', ...args)).toContain('/\\u202egnp.exe\\u2028\\u200f')
    const json = await done('summary', ...args, '--json')
    expect(json).not.toMatch(/[\u2028\u202e]/)
    expect((JSON.parse(json) as SummaryAnswer).data[0]?.group.route).toBe(route)
  })
})

describe('what the API refuses', () => {
  it.each([
    [
      'summary --site shop --group-by color',
      /^fieldline: --group-by has "color", which is not one of route, /,
    ],
    ['summary --site shop --group-by endpoint', /--group-by endpoint needs --metrics api, not lcp/],
    ['summary --site shop --not device=mobile', /--not must be phone, tablet or desktop/],
    ['summary --site shop --from 2026-02-30', /: --from is not a valid date/],
    ['summary --site shop --from -1h --to -2h', /: --from must be before --to \(/],
    ['summary --site shop --last 9999d', /: --last must be at most 25 months before now \(/],
    ['summary --site shop --minimum few', /: --minimum must be a whole number/],
    ['summary --site shop --limit 99999999999', /: --limit must be at most 200 \(/],
    ['summary --site Shop', /: --site must be 1 to 63 of a-z/],
    ['site show Shop', /: <site> must be 1 to 63 of a-z/],
    ['site set shop --rate 3', /: --rate must be a power of two/],
    ['site set shop --rows-per-day 0', /: --rows-per-day must be at least/],
    ['site set shop --origin * --origin shop.example', /: --origin shop\.example must be/],
    [
      'trends --site shop --baseline-release 1',
      /: --release is missing: --baseline-release is compared with it/,
    ],
    ['pageviews --site shop --event click', /: --event needs --metric inp/],
    ['check --site shop --against period --metric speed', /: --metric has "speed"/],
    ['budget add --site shop --metric lcp --limit 9 --hours 9999', /: --hours must be at most/],
    [
      'budget add --site shop --metric lcp --limit 9 --relative-to month',
      /: --relative-to must be week or release/,
    ],
    ['budget remove x --site shop', /: <id> must be 12 hex digits/],
    ['token create --site shop --name x --expires 2027-01-01T00:00', /: --expires must be RFC 3339/],
    ['deploy --site shop --release 1 --at 2026-02-30T00:00:00Z', /: --at is not a valid date/],
    ['segments set shop x --device mobile', /: --device mobile must be phone, tablet or desktop/],
    ['webhook add ftp://x --site shop', /: <address> must be/],
    ['collector add http://x --site shop', /: <address> must be/],
    ['collector add https://c.example/ --site shop --metrics lcp,speed', /: --metrics speed must be one of/],
    ['tags add shop Plan', /: <name> must be/],
    ['export --site shop --format otlp --group-by a', /: --group-by has "a"/],
  ])('of %s is named as it was typed', async (line, reason) => {
    const { code, said } = await cli(...line.split(' '))
    expect(code).toBe(1)
    expect(said).toMatch(reason)
  })

  it('keeps what somebody wrote, and the paths of a file', async () => {
    const { said } = await cli('summary', '--site', 'shop', '--sort', 'group_by=limit=5')
    expect(said).toMatch(/^fieldline: --sort must be busiest, /)
    const quoted = await cli('summary', '--site', 'shop', '--metrics', 'group_by=x')
    expect(quoted.said).toMatch(/^fieldline: --metrics has "group_by=x", which/)
  })
})

describe('the command line', () => {
  it.each([
    [[], /^fieldline <command>/],
    [['frobnicate'], /Unknown command frobnicate\./],
    [['site'], /site needs a second word\. Try site add, /],
    [['site', 'frob'], /Unknown command site frob\. Try site add, /],
    [['site', 'add'], /<site> is missing\./],
    [['site', 'add', 'x'], /--origin is missing/],
    [['site', 'add', 'x', 'y', '--origin', '*'], /Unexpected argument "y"\./],
    [['site', 'set', 'shop'], /at least one setting/],
    [
      ['token', 'create', '--site', 'shop', '--name', 'x', '--expires', '1y'],
      /--expires must be .*\(90d\).*, not 1y/,
    ],
    [
      ['token', 'create', '--site', 'shop', '--name', 'x', '--expires', '00d'],
      /--expires 00d is in the past/,
    ],
    [['site', 'set', 'shop', '--rate', 'fast'], /--rate must be a whole number, not fast\./],
    [['summary'], /--site is missing\./],
    [['summary', '--site', 'shop', '--colour', 'red'], /Unknown option --colour\.\n/],
    [['summary', '--sit', 'shop'], /Unknown option --sit\. Did you mean --site\?/],
    [['pageviews', '--sort', 'newest'], /Unknown option --sort\.\n/],
    [['summary', '-x'], /Unknown option -x\./],
    [['summary', '--site'], /--site needs a value\./],
    [['summary', '--site', '--json'], /--site needs a value\./],
    [['summary', '--json=yes'], /--json takes no value\./],
    [['sumary'], /Unknown command sumary\. Did you mean summary\?/],
    [['completion', 'tcsh'], /completion needs a shell: bash, zsh, fish\./],
    [['check', '--site', 'shop'], /Nothing to check: give --against or --budgets\./],
    [['check', '--site', 'shop', '--against', 'v2'], /--against must be release:<name> or period, not v2\./],
    [
      ['check', '--site', 'shop', '--against', 'period', '--max-regression', 'x'],
      /--max-regression must be a share/,
    ],
    [['summary', '--site', 'shop', '--last', 'week'], /--last must be hours or days/],
    [['summary', '--site', 'shop', '--last', '7d', '--to', 'now'], /Use either --last, or --from and --to\./],
    [['summary', '--site', 'shop', '--url', 'rum.example'], /rum\.example is not an address/],
    [['token', 'create', '--site', 'shop'], /--name is missing\./],
    [['summary', 'shop'], /Unexpected argument "shop"\. Did you mean --site shop\?/],
    [['summary', 'shop', '--site', 'shop'], /Unexpected argument "shop"\.\n/],
    [['summary', '--site', 'shop', '--metrics', 'lcp', '--metrics=inp'], /--metrics is given twice\./],
    [['deploy', '--site', 'shop', '--release', '1', '--release', '1'], /--release is given twice\./],
    [['segments', 'set', 'shop', 'x', '--name', 'All'], /at least one filter/],
    [['site', 'list', '--url', 'localhost:8787'], /pass --url http:\/\/localhost:8787/],
  ])('of %j ends with 2 and says why', async (args, reason) => {
    const { code, out, said } = await cli(...args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(said).toMatch(reason)
  })

  it.each(['/', '#token=x', '/#token=x', '/?site=shop'])('takes an address that ends with %s', async end => {
    const { code, said } = await cli('site', 'list', '--url', `${worker.url.origin}${end}`)
    expect({ code, said }).toEqual({ code: 0, said: '' })
  })

  it.each(['fl_shop_…', '“x”', 'a\nb', 'a b'])('says of the token %j that it can be none', async token => {
    const { code, said } = await cli('site', 'list', '--token', token)
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining('The token has a character') })
  })

  it('says of https where http is spoken that it is not', async () => {
    const url = worker.url.origin.replace('http:', 'https:')
    const said = `fieldline: ${url} cannot be reached: it does not speak https\n`
    expect(await cli('site', 'list', '--url', url)).toEqual({ code: 1, out: '', said })
  })

  it('says that a token is none of this worker', async () => {
    const { code, said } = await cli('site', 'list', '--token', 'fl_shop_x')
    const url = worker.url.origin
    const detail = `${url} does not know this token, or it has expired: check --token or FIELDLINE_TOKEN. (401 Unauthorized)`
    expect({ code, said }).toEqual({ code: 1, said: `fieldline: ${detail}\n` })
  })

  it('needs an address and a token', async () => {
    expect(await run(['site', 'list'])).toMatchObject({
      code: 2,
      said: expect.stringContaining('FIELDLINE_URL'),
    })
    const { code, said } = await run(['site', 'list'], { FIELDLINE_URL: String(worker.url) })
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining('FIELDLINE_TOKEN') })
  })

  it.each([
    ['--help'],
    ['help'],
    ['site', '--help'],
    ['site', 'add', '--help'],
    ['summary', '--help'],
    ['summary', '-h'],
    ['-h'],
    ['budget', '-h'],
    ['help', 'check'],
    ['help', 'site', 'add'],
    ['-h', 'summary'],
    ['--help', 'site', 'add'],
    ['--version'],
    ['-v'],
  ])('has help: %s %s', async (...args) => {
    const { code, out, said } = await run(args)
    expect({ code, said }).toEqual({ code: 0, said: '' })
    expect(out).toMatch(
      /^-(v|-version)$/.test(args[0] ?? '') ? /^\d+\.\d+\.\d+\n$/ : /^fieldline .*Exit codes: 0/s,
    )
    // Of the command that is named.
    const [named] = args.filter(arg => arg !== 'help' && !arg.startsWith('-'))
    if (named && args[0] !== named) expect(out).toMatch(new RegExp(`^fieldline ${named} `))
    for (const line of out.split('\n')) expect(line.length).toBeLessThan(100)
  })
})

describe('completion', () => {
  const hasZsh = spawnSync('zsh', ['--version']).status === 0

  /** What `fieldline completion <shell>` offers for the last word of a line. */
  async function offered(shell: 'bash' | 'zsh', line: string): Promise<string[]> {
    const { out } = await run(['completion', shell])
    const begin = shell === 'zsh' ? 'autoload -U compinit; compinit -u -D' : ''
    const end = shell === 'zsh' ? 'emulate sh' : ''
    const words = line.split(' ').map(word => `"${word}"`)
    const script = `${begin}
${out}
${end}
COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _fieldline; echo "\${COMPREPLY[@]}"`
    const said = execFileSync(shell, [...(shell === 'zsh' ? ['-f'] : []), '-c', script], { encoding: 'utf8' })
    return said.trim().split(' ').filter(Boolean)
  }

  describe.each([
    ['fieldline sum', ['summary']],
    ['fieldline si', ['site']],
    ['fieldline site r', ['remove']],
    ['fieldline site add shop --rows', ['--rows-per-day']],
    ['fieldline summary --site shop --group', ['--group-by']],
    ['fieldline check --budgets --too', ['--too-little']],
    ['fieldline rules set shop rules.json --pre', ['--preview']],
    ['fieldline hel', ['help']],
    ['fieldline help che', ['check']],
    ['fieldline help site mo', ['move']],
    ['fieldline completion z', ['zsh']],
    // Nothing of ours, so that the shell names files.
    ['fieldline export --out ', []],
    ['fieldline import ', []],
    ['fieldline rules set shop ', []],
  ])('of %j', (line, expected) => {
    it(`in bash is ${expected}`, async () => {
      expect(await offered('bash', line)).toEqual(expected)
    })

    it.skipIf(!hasZsh)('in zsh has it, which zsh itself filters', async () => {
      const found = await offered('zsh', line)
      expect(found).toEqual(expected.length ? expect.arrayContaining(expected) : [])
    })
  })

  it('is there for fish', async () => {
    expect((await run(['completion', 'fish'])).out).toContain("-l group-by -r -d 'up to two")
  })
})

describe('a server that is no fieldline', () => {
  it('differs from one that refuses', async () => {
    const server = createServer((_, answer) => answer.writeHead(200).end('<html>'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const env = { FIELDLINE_URL: `http://127.0.0.1:${port}`, FIELDLINE_TOKEN: 'x' }
    expect(await run(['site', 'list'], env)).toMatchObject({
      code: 1,
      said: expect.stringContaining('did not answer with JSON. Is it a fieldline worker?'),
    })
    await new Promise(resolve => server.close(resolve))
    expect(await run(['site', 'list'], env)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
    })
  })

  it('or takes no such token', async () => {
    const env = { FIELDLINE_URL: String(worker.url), FIELDLINE_TOKEN: 'wrong' }
    expect(await run(['site', 'list'], env)).toMatchObject({ code: 1, said: expect.stringContaining('401') })
  })
})
