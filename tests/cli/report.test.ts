import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { marked } from 'marked'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { budgetsInShort, budgetsSection } from '../../cli/report/budgets.ts'
import { compose } from '../../cli/report/compose.ts'
import type { Block } from '../../cli/report/document.ts'
import { errorsInShort, errorsSection } from '../../cli/report/errors.ts'
import type { Findings } from '../../cli/report/findings.ts'
import { toHtml } from '../../cli/report/html.ts'
import { toMarkdown } from '../../cli/report/markdown.ts'
import type { BudgetAnswer } from '../../schema/api/budgets.ts'
import { ERRORS_EXAMPLE } from '../../schema/api/errors.ts'
import { DAY } from '../../schema/domain/hour.ts'
import type { ApiCall, PageError, PageView } from '../../schema/wire/pageview.ts'
import { HOSTILE } from '../kit/hostile.ts'
import { ADMIN_TOKEN, type Local, startLocal } from '../kit/local.ts'
import { pageView } from '../kit/pageview.ts'
import { cli as run } from './run.ts'
import { visit } from './visits.ts'

describe('text from data', () => {
  const table = (code: string): Block[] => [
    {
      kind: 'table',
      caption: 'Routes',
      left: 1,
      head: ['route', 'count'],
      rows: [
        [[{ code }], ['1']],
        [[{ code: '/next' }], ['2']],
      ],
    },
    { kind: 'list', items: [[{ code }, ': more'], ['next']] },
  ]

  it.each(HOSTILE)('%j is text in Markdown, as GitHub reads it', text => {
    const html = marked.parse(toMarkdown(table(text)), { gfm: true, async: false })
    expect(tagsOf(html)).toEqual([
      ...[
        'p',
        'table',
        'thead',
        'tr',
        'th',
        'th',
        'tbody',
        'tr',
        'td',
        'code',
        'td',
        'tr',
        'td',
        'code',
        'td',
      ],
      ...['ul', 'li', 'code', 'li'],
    ])
    const [inTable, , inList] = [...html.matchAll(/<code>(.*?)<\/code>/gs)].map(match =>
      textOf(match[1] ?? ''),
    )
    expect([inTable, inList]).toEqual([shown(text), shown(text)])
  })

  it.each(HOSTILE)('%j is text in HTML', text => {
    const html = toHtml(table(text))
    const body = html.slice(html.indexOf('<main>'))
    expect(new Set(tagsOf(body))).toEqual(
      new Set(['main', 'div', 'table', 'caption', 'thead', 'tr', 'th', 'tbody', 'code', 'td', 'ul', 'li']),
    )
    const codes = [...body.matchAll(/<code>(.*?)<\/code>/gs)].map(match => textOf(match[1] ?? ''))
    expect(codes).toEqual([shown(text), '/next', shown(text)])
  })

  it.each(['javascript:alert(1)', 'data:text/html,x', '//evil.example', 'https:', ' '])(
    'a link to %j is no link',
    link => {
      const blocks: Block[] = [{ kind: 'paragraph', text: [{ link, words: 'Read more' }] }]
      expect(toHtml(blocks)).toContain('<p>Read more</p>')
      expect(toMarkdown(blocks)).toBe('Read more\n')
    },
  )

  it('leaves a link, whatever is in it', () => {
    const link = 'https://web.dev/a)|`"><b>'
    const blocks: Block[] = [{ kind: 'paragraph', text: [{ link, words: 'Read [this]' }] }]
    const href = 'https://web.dev/a)%7C%60%22%3E%3Cb%3E'
    expect(marked.parse(toMarkdown(blocks), { async: false })).toBe(
      `<p><a href="${href}">Read [this]</a></p>\n`,
    )
    expect(tagsOf(toHtml(blocks)).slice(-2)).toEqual(['p', 'a'])
  })
})

describe('budgets', () => {
  const budget: BudgetAnswer = {
    ...{ id: '0123456789ab', metric: 'api', endpoint: 'POST /api/pay|x', route: null, device: 'phone' },
    ...{
      tag: null,
      segment: null,
      percentile: 75,
      limit: 500,
      window_hours: 24,
      minimum: 100,
      samples: 4_000,
      effective_samples: 812.4,
      release: '2.4.0',
      relative_to: null,
      baseline: null,
    },
    ...{ state: 'breached', value: 812, low: 790, high: 840 },
    ...{ since: '2026-11-20T14:00:00.000Z', checked: '2026-11-21T08:00:00.000Z' },
  }
  const of = (...data: BudgetAnswer[]) => ({ budgets: { site: 'shop', data } })

  it('have their names where they breach, with what they promise', () => {
    const kept: BudgetAnswer = { ...budget, metric: 'lcp', endpoint: null, state: 'ok' }
    const findings = of(budget, kept)
    expect(budgetsInShort(findings)).toEqual([['Budgets: 1 breached, 1 ok.']])
    const [, line] = toMarkdown(budgetsSection(findings)).trimEnd().split('| ---: |\n')
    expect(line).toBe(
      '| `api` p75 of 24 h | <code>POST /api/pay&#124;x</code> `phone` | 500 ms | 812 ms | 790 ms .. 840 ms | 2026-11-20 14:00 UTC | `2.4.0` |',
    )
  })

  it('that hold need one sentence, and none where there are none', () => {
    expect(budgetsInShort(of({ ...budget, state: 'ok' }))).toEqual([['Budgets: 1 ok.']])
    expect(budgetsSection(of({ ...budget, state: 'ok' }))).toEqual([])
    expect(budgetsInShort(of({ ...budget, state: 'no-data' }))).toEqual([
      ['Budgets: 1 with too little data.'],
    ])
    expect(budgetsInShort(of())).toEqual([])
    expect(budgetsInShort({ budgets: { missing: 'none' } })).toEqual([])
  })
})

describe('errors', () => {
  const of = (error_free: typeof ERRORS_EXAMPLE.error_free) => ({
    errors: { ...ERRORS_EXAMPLE, pageviews: 200, error_free, data: [] },
    errors_before: { missing: 'by an older worker' },
  })

  it('that never came need one sentence, and none where nobody looked', () => {
    expect(toMarkdown(errorsSection(of({ value: 1, low: 0.981, high: 1 })))).toBe(
      '## Errors\n\nNone of the 200 page views that look for errors had an uncaught one (95% interval 0% to 1.9%).\n',
    )
    expect(errorsSection(of(null))).toEqual([])
    expect(errorsSection({ errors: { missing: '' }, errors_before: { missing: '' } })).toEqual([])
    expect(errorsInShort(of({ value: 0.9, low: 0.85, high: 0.94 }))).toEqual([])
  })
})

describe('fieldline report', () => {
  let worker: Local
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-report-'))
  const cli = (...args: string[]) =>
    run(args, { FIELDLINE_URL: worker.url.origin, FIELDLINE_TOKEN: ADMIN_TOKEN }, folder)

  beforeAll(async () => {
    worker = await startLocal('worker/index.ts')
    for (const site of ['shop', 'empty']) await cli('site', 'add', site, '--origin', '*')
    await visit(worker, 'shop', [
      // Before: LCP of 1 s. Now: 3 s, of an image that is found late, on a route that is an attack.
      ...Array.from({ length: 60 }, (_, i) => loaded(1_000 + i, { age: 9 * DAY })),
      ...Array.from({ length: 60 }, (_, i) =>
        loaded(3_000 + i, {
          ...{ age: DAY, release: '2.4.0', route: '/<img src=x onerror=alert(1)>|`x`' },
          errors: { count: i % 4 ? 0 : 2, list: i % 4 ? [] : [HOSTILE_ERROR] },
        }),
      ),
    ])
    const made = await fetch(new URL('/v1/sites/shop/budgets', worker.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ metric: 'lcp', limit: 2_500, window_hours: 48, minimum: 10 }),
    })
    if (!made.ok) throw new Error(await made.text())
    // What the cron finds.
    await worker.db
      .prepare("UPDATE budgets SET state = 'breached', value = 3060, low = 3020, high = 3090, samples = 60")
      .all()
  })
  afterAll(async () => {
    await worker.stop()
    rmSync(folder, { recursive: true })
  })

  it('tells what changed, why, and what is slow and failing', async () => {
    const { code, out, said } = await cli('report', '--site', 'shop', '--last', '7d')
    expect({ code, said }).toEqual({ code: 0, said: '' })
    expect(out).toMatch(/^# Performance of shop\n\n\d{4}-\d\d-\d\d .* UTC, compared with /)
    expect(out).toContain('- Largest Contentful Paint (LCP): 3.0')
    expect(out).toMatch(/\(LCP\) is slower: from 1\.0\d s to 3\.0\d s \(\+(19|20)\d%\)\./)
    expect(out).toMatch(
      /\| Largest Contentful Paint \(LCP\) \| 3\.0\d s \| needs improvement \|.*\| degrading \(over 99% sure\) \| 0% \| 60 \|/,
    )
    expect(out).toMatch(
      /^- `main>img#hero`: 100% of page views, .* most of it load delay .*\[Learn more: waits-for-api\]\(<https:/m,
    )
    expect(out).toContain('- Budgets: 1 breached.')
    expect(out).toMatch(/^\| `lcp` p75 of 48 h \| the whole site \| 2\.50 s \| 3\.0\d s \|/m)
    expect(out).toMatch(/^\| `GET \/api\/slow` \| 60 \| 1\.5\d s \| poor \|/m)
    expect(out).toMatch(/^\| `POST \/api\/broken` \| 60 \| 50% \| 38% \.\. 62% \|/m)
    expect(out).toContain('- More page views have an uncaught error: 0% before, 25% now.')
    expect(out).toMatch(
      /^25% of the 60 page views that look .* \(95% interval 16% to 37%\), 0% in the period before \(0% to 6\.0%\)\.$/m,
    )
    expect(out).toMatch(
      /^\| `TypeError: it is gone` \| <code>\/&#60;img .*118&#58;23<\/code> \| `2\.4\.0` \| 25% \| \d{4}-\d\d-\d\d \d\d:\d\d \|$/m,
    )
    expect(tagsOf(marked.parse(out, { async: false }))).not.toContain('img')
  })

  it('writes one HTML file that runs nothing and loads nothing', async () => {
    const { code, said } = await cli('report', '--site', 'shop', '--out', 'monday.html')
    expect({ code, said }).toEqual({ code: 0, said: 'Wrote monday.html.\n' })
    const html = readFileSync(join(folder, 'monday.html'), 'utf8')
    expect(html).toContain('/&lt;img src=x onerror=alert(1)&gt;|`x`')
    expect(html).toContain('<code>/&lt;img src=x&gt;|`x`.js:118:23</code>')
    expect(tagsOf(html)).not.toContain('img')
    expect(tagsOf(html)).not.toContain('script')
    expect(html).toContain("default-src 'none'")
    expect(html).not.toMatch(/\b(src|href)="(?!https:\/\/web\.dev\/)/)
  })

  it('takes the format that is asked for, and answers the API’s JSON', async () => {
    expect((await cli('report', '--site', 'shop', '--format', 'html')).out).toMatch(/^<!doctype html>/)
    const findings: Findings = JSON.parse((await cli('report', '--site', 'shop', '--json')).out)
    expect(findings.trends).toMatchObject({ baseline: { to: findings.vitals.from } })
    expect(findings.vitals.data.find(({ metric }) => metric === 'lcp')).toMatchObject({ count: 60 })
  })

  it('says once how many calls are left out', async () => {
    const found: Findings = JSON.parse((await cli('report', '--json', '--site', 'shop')).out)
    const told = (slowest: Findings['slowest']) => {
      const findings = { ...found, slowest, delivery: { ...found.delivery, calls_left_out: 40 } }
      return toMarkdown(compose(findings as Findings)).match(/\d+ (API )?calls are left out/g)
    }
    expect(told({ ...found.slowest, calls_left_out: 30 })).toEqual(['30 calls are left out'])
    expect(told({ ...found.slowest, data: [] })).toEqual(['40 API calls are left out'])
  })

  it('of a site without data says so', async () => {
    const { code, out } = await cli('report', '--site', 'empty')
    expect(code).toBe(0)
    expect(out).toContain('- No page view was measured.')
    expect(out).not.toMatch(/undefined|NaN|null/)
  })

  it.each([
    [['report', '--site', 'nowhere'], 1, /There is no site nowhere\. \(404/],
    [['report', '--site', 'shop', '--format', 'pdf'], 2, /--format must be md or html, not pdf\./],
    [['report', '--site', 'shop', '--out', 'no/such/folder.md'], 2, /--out: there is no folder no\/such/],
  ])('%j ends with %i', async (args, code, reason) => {
    expect(await cli(...args)).toMatchObject({ code, out: '', said: expect.stringMatching(reason) })
  })
})

const HOSTILE_ERROR: PageError = {
  ...{ kind: 'error', message: 'TypeError: it is gone' },
  ...{ script: '/<img src=x>|`x`.js', line: 118, column: 23, count: 2 },
}

/** A page view with an LCP and its cause, and two calls, every other of which fails. */
function loaded(lcp: number, given: Partial<PageView>): PageView {
  const broken = lcp % 2 === 0
  return pageView({
    vitals: { lcp, inp: null, cls: 20, fcp: 800, ttfb: 150 },
    why: {
      lcp: {
        target: 'main>img#hero',
        url: 'https://shop.example/hero.jpg',
        loadDelay: lcp - 500,
        loadDuration: 300,
        renderDelay: 50,
      },
      inp: null,
      cls: null,
    },
    calls: [apiCall('GET /api/slow', 1_500, 200), apiCall('POST /api/broken', 90, broken ? 500 : 200)],
    ...given,
  })
}

function apiCall(endpoint: string, duration: number, status: number): ApiCall {
  const outcome = status < 400 ? 'ok' : 'http'
  return { endpoint, start: 10, duration, outcome, status, ttfb: null, bytes: null, server: null }
}

/** The names of the elements, in order. */
function tagsOf(html: string): string[] {
  return [...html.matchAll(/<([a-z][a-z0-9]*)/g)].map(match => match[1] ?? '')
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }

/** What a reader sees of escaped text. */
function textOf(html: string): string {
  return html
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&(amp|lt|gt|quot);/g, (_, name) => ENTITIES[name] ?? '')
}

/** Control characters and marks of direction are written out. */
function shown(text: string): string {
  return text.replace(/[\n\u2028\u202e]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
