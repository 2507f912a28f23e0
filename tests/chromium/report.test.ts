import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Block } from '../../cli/report/document.ts'
import { toHtml } from '../../cli/report/html.ts'
import { type Chromium, startChromium } from '../kit/chromium.ts'
import { HOSTILE } from '../kit/hostile.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const blocks: Block[] = [
  { kind: 'title', words: 'Performance of shop' },
  { kind: 'list', items: HOSTILE.map(code => [{ code }, ' is ', { rating: 'poor' }]) },
  { kind: 'heading', words: 'Vitals' },
  {
    kind: 'table',
    caption: 'Each vital',
    left: 1,
    head: ['vital', 'p75', 'rating'],
    rows: (['good', 'needs-improvement', 'poor'] as const).map(rating => [['LCP'], ['2.5 s'], [{ rating }]]),
  },
  { kind: 'table', caption: 'Routes', left: 1, head: ['route'], rows: HOSTILE.map(code => [[{ code }]]) },
  { kind: 'paragraph', text: ['Look: ', { link: 'https://web.dev/', words: 'Read more' }] },
]

const folder = mkdtempSync(join(tmpdir(), 'fieldline-report-'))
let chromium: Chromium
beforeAll(async () => {
  chromium = await startChromium()
  writeFileSync(join(folder, 'report.html'), toHtml(blocks))
})
afterAll(async () => {
  await chromium.close()
  rmSync(folder, { recursive: true })
})

it.each(['light', 'dark'] as const)(
  'a report runs nothing, loads nothing and is accessible, %s',
  async scheme => {
    const page = await chromium.open()
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    page.on('dialog', dialog => asked.push(dialog.message()))
    await page.emulateMedia({ colorScheme: scheme })
    const address = pathToFileURL(join(folder, 'report.html')).href
    await page.goto(address)
    expect(await page.locator('main code').count()).toBe(2 * HOSTILE.length)
    expect(await page.locator('script, img, svg, b, h1 ~ h1').count()).toBe(0)
    expect(asked).toEqual([address])
    expect(chromium.complaints).toEqual([])

    // Through the debugger, which the page's own policy does not bind.
    await page.evaluate(AXE)
    const { violations, passes } = await page.evaluate<{
      violations: { id: string }[]
      passes: { id: string }[]
    }>('axe.run()')
    expect(violations.map(({ id }) => id)).toEqual([])
    expect(passes.map(({ id }) => id)).toContain('color-contrast')
  },
)
