import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { marked } from 'marked'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeTrend } from '../../cli/check/finding.ts'
import { toJunit } from '../../cli/check/junit.ts'
import { outcomeOf } from '../../cli/words.ts'
import type { TrendsRow } from '../../schema/api/trends.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { pageView } from '../kit/pageview.ts'
import { cli as run } from './run.ts'
import { visit } from './visits.ts'

let worker: Local
const folder = mkdtempSync(join(tmpdir(), 'fieldline-check-'))
const cli = (...args: string[]) =>
  run(args, { FIELDLINE_URL: worker.url.origin, FIELDLINE_TOKEN: ADMIN_TOKEN }, folder)

/** Page views of a release with an LCP of about `lcp`. */
const views = (release: string, lcp: number, count = 200) =>
  Array.from({ length: count }, (_, i) =>
    pageView({ release, age: 60_000, vitals: { ...pageView().vitals, lcp: lcp + (i % 50), inp: null } }),
  )

beforeAll(async () => {
  worker = await startLocal('worker/index.ts')
  for (const site of ['shop', 'empty']) await cli('site', 'add', site, '--origin', 'https://shop.example')
  await visit(worker, 'shop', [
    ...views('2.3.0', 2_000),
    ...views('2.4.0', 2_900),
    ...views('2.4.1', 2_010).map((view, i) =>
      i % 10 ? view : { ...view, navigation: 'back-forward' as const, bfcache: ['masked'] },
    ),
    ...views('2.4.2', 2_000, 3),
  ])
})
afterAll(async () => {
  await worker.stop()
  rmSync(folder, { recursive: true })
})

describe('fieldline check', () => {
  const against = ['check', '--site', 'shop', '--against', 'release:2.3.0', '--metric', 'lcp']

  it('ends with 3 where a release is slower for certain, and writes Markdown and JUnit', async () => {
    const files = ['--markdown', 'pr.md', '--junit', 'junit.xml']
    const { code, out, said } = await cli(...against, '--release', '2.4.0', ...files)
    expect({ code, said }).toEqual({ code: 3, said: 'Release 2.4.0 against 2.3.0.\n' })
    expect(out).toMatch(/^ {2}breach +lcp p75 +\+10% +2\.0\d s +2\.9\d s +degrading, over 99% sure: \+4\d%/m)
    const html = marked.parse(readFileSync(join(folder, 'pr.md'), 'utf8'), { async: false })
    expect(html).toContain('<p>1 of 1 checks failed.</p>')
    const xml = readFileSync(join(folder, 'junit.xml'), 'utf8')
    expect(xml).toContain('<testsuites tests="1" failures="1" skipped="0" errors="0">')
    expect(xml).toMatch(/<testcase classname="fieldline" name="lcp p75"><failure message="2\.0/)
  })

  it('allows what --max-regression allows', async () => {
    expect((await cli(...against, '--release', '2.4.0', '--max-regression', '60%')).code).toBe(0)
    expect((await cli(...against, '--release', '2.4.1')).code).toBe(0)
  })

  it('ends with 4, or as asked for, where there is too little data', async () => {
    const { code, out } = await cli(...against, '--release', '2.4.2')
    expect({ code, out }).toEqual({ code: 4, out: expect.stringContaining('too little data') })
    expect((await cli(...against, '--release', '2.4.2', '--too-little', '0')).code).toBe(0)
    expect((await cli('check', '--site', 'empty', '--against', 'release:1')).code).toBe(4)
  })

  it('finds the release that is running by itself', async () => {
    const { said } = await cli(...against)
    expect(said).toMatch(/^Release 2\.4\.\d against 2\.3\.0\.\n$/)
  })

  it('fails on a breached budget, and tells one without data from one that holds', async () => {
    const terms = ['--metric', 'lcp', '--limit', '2500', '--minimum', '10']
    const id = (await cli('budget', 'add', '--site', 'shop', ...terms)).out.split(' ')[0] ?? ''
    const unjudged = { code: 4, out: expect.stringContaining('not judged yet') }
    expect(await cli('check', '--site', 'shop', '--budgets')).toMatchObject(unjudged)
    // What the cron finds.
    await worker.db
      .prepare("UPDATE budgets SET state = 'breached', value = 2900, low = 2880, high = 2920")
      .all()
    const { code, out } = await cli('check', '--site', 'shop', '--budgets')
    expect({ code, out }).toEqual({ code: 3, out: expect.stringMatching(/breach +budget lcp p75 of 24 h/) })
    expect((await cli('budget', 'list', '--site', 'shop')).out).toMatch(
      new RegExp(`^ {2}${id} +lcp p75 of 24 h +breached +2\\.50 s +2\\.90 s +2\\.88 s \\.\\. 2\\.92 s`, 'm'),
    )
    const changed = await cli('budget', 'set', id, '--site', 'shop', '--device', 'phone')
    expect(changed.out).toBe(`${id}  lcp p75 of 24 h phone at most 2.50 s\n`)
    await cli('budget', 'remove', id, '--site', 'shop')
    expect(await cli('check', '--site', 'shop', '--budgets')).toMatchObject({
      code: 2,
      said: expect.stringContaining('has no budgets'),
    })
  })

  it.each([
    [['--limit', '1500', '--hours', '2'], 'of 2 h at least 1500'],
    [['--limit', '0.5', '--relative-to', 'week'], 'of 24 h at most 50% below the week before'],
  ])('writes a budget of page views with %j', async (terms, written) => {
    const added = await cli('budget', 'add', '--site', 'shop', '--metric', 'pageviews', ...terms)
    const [id = ''] = added.out.split(' ')
    expect(added.out).toBe(`${id}  pageviews ${written}\n`)
    await cli('budget', 'remove', id, '--site', 'shop')
  })

  it('writes the figures of a relative budget as shares', async () => {
    const terms = ['--metric', 'lcp', '--relative-to', 'week', '--limit', '0.1']
    const added = (await cli('budget', 'add', '--site', 'shop', ...terms)).out
    const [id = ''] = added.split(' ')
    expect(added).toBe(`${id}  lcp p75 of 24 h at most 10% above the week before\n`)
    await worker.db
      .prepare("UPDATE budgets SET state = 'breached', value = 0.31, low = 0.2, high = 0.42")
      .all()
    const files = ['--junit', join(folder, 'relative.xml'), '--markdown', join(folder, 'relative.md')]
    const { code, out } = await cli('check', '--site', 'shop', '--budgets', ...files)
    expect(code).toBe(3)
    const written = ['relative.xml', 'relative.md'].map(name => readFileSync(join(folder, name), 'utf8'))
    for (const text of [out, ...written, (await cli('budget', 'list', '--site', 'shop')).out]) {
      expect(text).toContain('10% above the week before')
      expect(text).toContain('31%')
      expect(text).toContain('20% .. 42%')
    }
    await cli('budget', 'remove', id, '--site', 'shop')
  })

  it('passes nothing that nobody can tell', () => {
    const row = {
      ...{
        group: {},
        metric: 'lcp',
        unit: 'ms',
        before: null,
        after: null,
        verdict: 'unclear',
        confidence: 0.4,
      },
      change: {
        difference: { value: 10, low: -400, high: 420 },
        ratio: { value: 0.01, low: -0.2, high: 0.21 },
      },
    } satisfies TrendsRow
    const terms = { max: 0.1, percentile: '75' }
    expect(judgeTrend('lcp', row, terms).outcome).toBe('too little data')
    expect(judgeTrend('lcp', { ...row, verdict: 'stable' }, terms).outcome).toBe('ok')
    expect(judgeTrend('lcp', undefined, terms).outcome).toBe('too little data')
  })

  it('says which of the two has no data: its name may be wrong', async () => {
    const { out } = await cli(
      'check',
      '--site',
      'shop',
      '--against',
      'release:nosuch',
      '--release',
      '2.4.1',
      '--metric',
      'lcp',
    )
    expect(out).toMatch(/too little data {2}lcp p75 .* no data {2}[\d.]+ m?s {2}too little data/)
  })

  it('writes XML that holds whatever a page calls itself', () => {
    const finding = { limit: '', before: '', now: '', detail: '' }
    const xml = toJunit('a<b', [{ ...finding, outcome: 'ok', name: 'x" & <y>\u0000\u202e' }])
    expect(xml).toContain('name="x&quot; &amp; &lt;y&gt;\\u0000\\u202e"')
    expect(xml).toContain('name="a&lt;b"')
  })
})

describe('the action', () => {
  const file = (name: string) => join(folder, name)
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')

  beforeAll(() => {
    const command = join(import.meta.dirname, '../../dist/cli.js')
    // The action's npx fetches the package: this one has it.
    writeFileSync(file('npx'), `#!/bin/sh\nshift 4; exec '${process.execPath}' '${command}' "$@"\n`)
    chmodSync(file('npx'), 0o755)
  })

  /** Runs what action.yml runs, as a step of one job after another; answers its exit code and what it printed. */
  async function step(inputs: Record<string, string>) {
    for (const name of ['output', 'summary.md']) rmSync(file(name), { force: true })
    const env = {
      PATH: `${folder}:${process.env.PATH}`,
      ...{ FIELDLINE_URL: worker.url.origin, FIELDLINE_TOKEN: ADMIN_TOKEN, FIELDLINE_COMMAND: 'check' },
      ...{ FIELDLINE_SITE: 'shop', FIELDLINE_PACKAGE: 'fieldline', FIELDLINE_ARGS: '', RUNNER_TEMP: folder },
      ...{ GITHUB_STEP_SUMMARY: file('summary.md'), GITHUB_OUTPUT: file('output') },
      ...inputs,
    }
    const script = join(import.meta.dirname, '../../cli/action.sh')
    const ran = promisify(execFile)('bash', [script], { env, cwd: folder })
    const { code = 0, stdout, stderr } = await ran.catch(error => error)
    return { code, said: `${stdout}${stderr}`, env }
  }

  it('runs check, with its result in the summary of the job', async () => {
    const FIELDLINE_ARGS =
      '--against "release:2.3.0"\n--release 2.4.0 --metric lcp --route "$(touch pwned) x"'
    const { code, env } = await step({ FIELDLINE_ARGS })
    expect(code).toBe(4)
    const outputs = `markdown=${file('fieldline.md')}\njunit=${file('fieldline.xml')}\nexit-code=4\n`
    expect(read('output')).toBe(outputs)
    expect(read('summary.md')).toContain('1 of 1 checks have too little data.')
    expect(read('fieldline.xml')).toContain('<skipped')
    expect(existsSync(file('pwned'))).toBe(false)
    const action = readFileSync(join(import.meta.dirname, '../../action.yml'), 'utf8')
    for (const name of Object.keys(env).filter(name => name.startsWith('FIELDLINE_')))
      expect(action).toContain(`${name}: \${{ inputs.`)
    for (const [name] of outputs.matchAll(/^[\w-]+(?==)/gm))
      expect(action).toContain(`steps.run.outputs.${name}`)
  })

  it.each(['--markdown "my result.md" --junit=my.xml', '--junit my.xml --markdown="my result.md"'])(
    'writes the files that %s names',
    async names => {
      for (const name of ['my result.md', 'my.xml']) rmSync(file(name), { force: true })
      await step({ FIELDLINE_ARGS: `--against period ${names}` })
      expect(read('my result.md')).toContain('3 of 3 checks')
      expect(read('summary.md')).toBe(read('my result.md'))
      expect(read('my.xml')).toContain('<testsuites')
      expect(read('output')).toBe('markdown=my result.md\njunit=my.xml\nexit-code=4\n')
    },
  )

  it('tells nothing of a step before it', async () => {
    await step({ FIELDLINE_ARGS: '--against period' })
    expect(read('summary.md')).not.toBe('')
    const deploy = { FIELDLINE_COMMAND: 'deploy', FIELDLINE_ARGS: '--release 2.4.0 --note "a new checkout"' }
    expect((await step(deploy)).code).toBe(0)
    expect([read('summary.md'), read('output')]).toEqual(['', 'exit-code=0\n'])
    expect(
      (await step({ FIELDLINE_ARGS: '--against period', FIELDLINE_URL: 'http://localhost:9' })).code,
    ).toBe(1)
    expect([read('summary.md'), read('output')]).toEqual(['', 'exit-code=1\n'])
  })

  it.each([
    [{ FIELDLINE_URL: '' }, 'The input url is empty'],
    [{ FIELDLINE_TOKEN: '' }, 'The input token is empty'],
    [{ FIELDLINE_COMMAND: 'chekc' }, 'The input command must be check or deploy, not chekc.'],
    [{ FIELDLINE_ARGS: `--budgets --route "it's` }, 'The input args has a quote that is not closed'],
    [{ FIELDLINE_SITE: '', FIELDLINE_ARGS: '--against period' }, '--site is missing'],
  ])('of %j ends with 2 and says why', async (inputs, reason) => {
    const { code, said } = await step(inputs)
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining(reason) })
    expect(read('output')).toBe('exit-code=2\n')
  })
})

describe('fieldline trends, causes, pageviews, export and webhook', () => {
  it('print what the API answers', async () => {
    const trends = await cli('trends', '--site', 'shop', '--release', '2.4.0', '--baseline-release', '2.3.0')
    expect(trends.out).toMatch(/against release 2\.3\.0\n.*\n {2}lcp +2\.0\d s +2\.9\d s +\+4\d%.*degrading/s)
    expect((await cli('causes', '--site', 'shop')).out).toContain('shop, lcp, ')
    expect((await cli('blocking', '--site', 'shop')).out).toContain('shop, blocking time, ')
    expect((await cli('bfcache', '--site', 'shop')).out).toMatch(
      /^shop, returns by back .*\n {2}masked +20 +100% +8\d% to 100%\n\nThe browser restored 0% /s,
    )
    const newest = await cli('pageviews', '--site', 'shop', '--order', 'newest', '--limit', '2')
    expect(newest.out.trimEnd().split('\n')).toHaveLength(4)
    const lines = (await cli('export', '--site', 'shop', '--limit', '5')).out.trimEnd().split('\n')
    expect(lines.map(line => typeof JSON.parse(line).cursor)).toHaveLength(6)
    const { said } = await cli('export', '--site', 'shop', '--out', 'all.ndjson')
    const written = readFileSync(join(folder, 'all.ndjson'), 'utf8').trimEnd().split('\n')
    expect(said).toBe(`Wrote all.ndjson: ${written.length} page views.\n`)
    expect(JSON.parse(written.at(-1) ?? '')).toMatchObject({ release: expect.any(String) })
    const hooks = () => cli('webhook', 'list', '--site', 'shop')
    expect((await hooks()).out).toBe('This site has no webhook.\n')
    const added = await cli('webhook', 'add', 'https://hooks.fieldline.example/x', '--site', 'shop')
    expect(added.out).toMatch(/^whsec_/)
    const [id = ''] = /[\da-f]{12}/.exec((await hooks()).out) ?? []
    expect(added.said).toContain(`use its id ${id}.`)
    // Nobody is there: this name is nobody's (RFC 2606).
    const tested = { code: 1, out: expect.stringMatching(/^The webhook was not reached: ./) }
    expect(await cli('webhook', 'test', id, '--site', 'shop')).toMatchObject(tested)
    expect((await cli('webhook', 'remove', id, '--site', 'shop')).code).toBe(0)
    expect((await hooks()).out).toBe('This site has no webhook.\n')
  })
})

it('tells an answer from none', () => {
  expect([404, '404', 'no such host'].map(outcomeOf)).toEqual([
    'answered 404',
    'answered 404',
    'was not reached: no such host',
  ])
})

describe('fieldline doctor', () => {
  it('says of each part what to do, and ends with 1', async () => {
    // No static files are served here, and no site is called so.
    const { code, out } = await cli('doctor', '--site', 'nowhere', '--origin', 'https://shop.example')
    expect(code).toBe(1)
    expect(out).toMatch(/^ok +worker and database: /m)
    expect(out).toMatch(/^to do +script: .*fieldline\.js answered 404: build before you deploy\.$/m)
    expect(out).toMatch(/^to do +site: This token sees no site nowhere\. Else: fieldline site add nowhere/m)
    expect(out).toMatch(/^- +beacon: there is no site nowhere to look at$/m)
    expect((await cli('doctor', '--site', 'shpo')).out).toMatch(/^to do +site: .*Did you mean shop\?/m)
  })

  it('names the origin that may not send, and the page without a tag', async () => {
    const page = `${worker.url.origin}/healthz`
    const { out } = await cli('doctor', '--site', 'shop', '--origin', 'https://evil.example', '--page', page)
    // The command replaces the list, so it names those that are there as well.
    const all = '--origin https://shop.example --origin https://evil.example'
    expect(out).toContain(
      `site: https://evil.example is not among https://shop.example. Add the origin: fieldline site set shop ${all}.\n`,
    )
    expect(out).toMatch(/^- +beacon: the site takes none from https:\/\/evil\.example$/m)
    expect(out).toMatch(/^to do +page: No tag in the HTML/m)
    expect(out).toMatch(/^ok +summary: 603 page views in 24 hours$/m)
  })

  it.each([{}, { FIELDLINE_TOKEN: '' }])('looks without a token at what needs none: %j', async env => {
    const { out } = await run(['doctor', '--site', 'shop', '--origin', 'https://shop.example'], {
      FIELDLINE_URL: worker.url.origin,
      ...env,
    })
    expect(out).toMatch(/^ok +beacon: accepted/m)
    expect(out).toMatch(/^- +summary: pass --token$/m)
    const other = await run(['doctor', '--site', 'shop', '--origin', 'https://evil.example'], {
      FIELDLINE_URL: worker.url.origin,
      ...env,
    })
    expect(other.out).toContain(
      'beacon: Add the origin: fieldline site set shop --origin <those it has> --origin https://evil.example.',
    )
  })

  it.each([
    [['--origin', 'shop.example'], '--origin must be scheme and host: https://shop.example'],
    [['--origin', 'https://shop.example/'], '--origin must be scheme and host: https://shop.example\n'],
    [['--page', 'shop.example/cart'], '--page must be an address: https://shop.example/cart'],
    [['--page', 'https://'], '--page must be an address: https://shop.example/'],
  ])('looks at nothing where %j is wrong', async (args, reason) => {
    const { code, said } = await cli('doctor', '--site', 'shop', ...args)
    expect({ code, said }).toEqual({ code: 2, said: expect.stringContaining(reason) })
  })

  it('says once that nobody answers, or somebody else, and that a token is unknown', async () => {
    const doctor = (url: string, token = ADMIN_TOKEN) =>
      run(['doctor', '--site', 'shop'], { FIELDLINE_URL: url, FIELDLINE_TOKEN: token })
    const toDo = async (url: string, token?: string) =>
      (await doctor(url, token)).out.split('\n').filter(line => line.startsWith('to do'))
    const down = await toDo('http://localhost:9')
    expect(down).toEqual([
      expect.stringMatching(/worker and database: http:\/\/localhost:9 cannot be reached: .*is --url right/),
    ])
    const page = await serve('<!doctype html><title>Shop</title>')
    try {
      const other = await toDo(page.url)
      expect(other).toEqual([expect.stringContaining('/healthz answered 200, and not as fieldline does')])
    } finally {
      page.close()
    }
    // No static files are served here.
    expect(await toDo(worker.url.origin, 'fl_shop_wrong')).toEqual([
      expect.stringContaining('version: '),
      expect.stringContaining('script: '),
      expect.stringContaining('site: The worker does not know this token'),
    ])
    const bare = await doctor('rum.shop.example')
    expect(bare).toMatchObject({ code: 2, said: expect.stringContaining('--url https://rum.shop.example') })
  })

  it('says what ails the database in the words of the worker', async () => {
    const detail = 'The database DB_2 is not migrated: npm run deploy does it.'
    const worker = await serve(() => ({ title: 'Service Unavailable', detail }))
    try {
      const args = ['doctor', '--site', 'shop', '--no-beacon']
      const { out } = await run(args, { FIELDLINE_URL: worker.url, FIELDLINE_TOKEN: ADMIN_TOKEN })
      expect(out).toContain(`worker and database: ${detail}`)
    } finally {
      worker.close()
    }
  })

  it('tells a fault that stops several parts once', async () => {
    // A worker whose database for the site is not bound.
    const detail = 'Site shop lies in the database DB_2, which is not bound.'
    const answers: Record<string, object> = {
      '/healthz': { status: 'ok' },
      '/v1/sites': { data: [{ site: 'shop', origins: ['https://shop.example'] }] },
    }
    const worker = await serve(path => answers[path] ?? { title: 'Service Unavailable', detail })
    try {
      const args = ['doctor', '--site', 'shop', '--no-beacon']
      const { out } = await run(args, { FIELDLINE_URL: worker.url, FIELDLINE_TOKEN: ADMIN_TOKEN })
      expect(out.match(/DB_2/g)).toHaveLength(1)
      expect(out).toMatch(/^to do +summary: .*DB_2/m)
      expect(out).toMatch(/^- +budgets: the same$/m)
    } finally {
      worker.close()
    }
  })

  it.each([
    [`<script src="ROOT/fieldline.js" data-site="shop"></script>`, /^ok +page: has the tag$/m],
    [
      `<script src="ROOT/fieldline.js" data-site="shpo"></script>`,
      /of site shpo, not shop: set data-site="shop"/,
    ],
    [`<script src="ROOT/fieldline.js" data-sites="shop"></script>`, /no data-site: add data-site="shop"/],
    [`${'<script src="ROOT/fieldline.js" data-site="shop"></script>'.repeat(2)}`, /there 2 times: keep one/],
    [
      `<script src="https://old.example/fieldline.js" data-site="shop"></script>`,
      /sends to https:\/\/old\.example, not/,
    ],
    [`<!-- <script src="ROOT/fieldline.js" data-site="shop"></script> -->`, /No tag in the HTML/],
    [
      `<meta http-equiv="Content-Security-Policy" content="connect-src 'self'"><script src="ROOT/fieldline.js" data-site="shop"></script>`,
      /refuses .*: add it to connect-src, or use data-fallback/,
    ],
  ])('finds in a page: %s', async (html, expected) => {
    const page = await serve(html.replaceAll('ROOT', worker.url.origin))
    try {
      expect((await cli('doctor', '--site', 'shop', '--no-beacon', '--page', page.url)).out).toMatch(expected)
    } finally {
      page.close()
    }
  })
})

/** Serves a page, or what is answered to a path: JSON, with the status of a problem where it is one. */
async function serve(what: string | ((path: string) => object)): Promise<{ url: string; close(): void }> {
  const server = createServer(({ url = '' }, response) => {
    if (typeof what === 'string') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(what)
    const answer = what(url.replace(/\?.*/, ''))
    return response.writeHead('detail' in answer ? 503 : 200).end(JSON.stringify(answer))
  })
  await new Promise<void>(done => server.listen(0, done))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://localhost:${port}`, close }
}
