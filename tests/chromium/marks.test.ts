import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type {} from '../../sdk/tag.ts'
import { TAG } from '../kit/site.ts'
import { chromium, expectSilence, site } from './started.ts'

// What a page says itself: marks, consent, and calls made before the script is there.

expectSilence()

/** The line of docs/measuring.md. */
const [LINE = ''] =
  /<script>window\.fieldline.*<\/script>/.exec(readFileSync('docs/measuring.md', 'utf8')) ?? []

async function open(path: string, tag = TAG, head = ''): Promise<Page> {
  const page = await chromium.open(site.page(path, { tag, head }))
  await page.waitForFunction('window.fieldline && !fieldline.q')
  return page
}

/** Hides the page until its beacon is there; marks of all its beacons. */
async function marksAfter(page: Page, beacons = 1) {
  await chromium.hide(page)
  await site.until(({ length }) => length >= beacons)
  return site.beacons.flatMap(({ view }) => view.marks)
}

test('a mark carries its value, or the time since the page view began', async () => {
  const page = await open('/marks')
  const [before, after] = await page.evaluate(() => {
    const before = performance.now()
    window.fieldline?.mark('search.results-shown')
    const after = performance.now()
    window.fieldline?.mark('cart_items', 2.6)
    window.fieldline?.mark('then', undefined, 17)
    return [Math.round(before), Math.round(after)]
  })
  const [first, ...others] = await marksAfter(page)
  expect(first?.name).toBe('search.results-shown')
  expect(first?.value).toBeGreaterThanOrEqual(before)
  expect(first?.value).toBeLessThanOrEqual(after)
  expect(others).toEqual([
    { name: 'cart_items', value: 3 },
    { name: 'then', value: 17 },
  ])
  await page.close()
})

test('sends each mark once, refuses those that do not fit, and takes 32 a beacon', async () => {
  const page = await open('/few')
  await page.evaluate(() => {
    const mark: (...args: unknown[]) => void = Reflect.get(window.fieldline ?? {}, 'mark')
    mark('two words', 1)
    mark('', 1)
    mark('x'.repeat(65), 1)
    mark('negative', -1)
    mark('large', 600_001)
    mark('none', Number.NaN)
    mark()
    mark('text', 'much')
    // What JSON refuses.
    mark('big', 3n)
    mark('window', window)
    mark(3n, 1)
    mark(window, 1)
    mark('zero', 0)
    mark('most', 600_000)
  })
  expect(await marksAfter(page)).toEqual([
    { name: 'zero', value: 0 },
    { name: 'most', value: 600_000 },
  ])
  await chromium.show(page)
  await page.evaluate(() => {
    for (let i = 0; i < 50; i++) window.fieldline?.mark(`m${i}`, i)
  })
  const marks = await marksAfter(page, 2)
  expect(marks.slice(2).map(({ name }) => name)).toEqual([...Array(32).keys()].map(i => `m${i}`))
  await page.close()
})

test('a mark belongs to the page view of its time, even if a navigation is told late', async () => {
  const page = await open(
    '/soft',
    TAG,
    `<script>
      addEventListener('click', () => {
        history.pushState(null, '', '/soft/next')
        document.querySelector('h1').textContent = 'Another page'
        fieldline.mark('shown', 5)
      })
    </script>`,
  )
  await page.evaluate(() => window.fieldline?.mark('before', 4))
  await page.click('h1')
  await page.waitForFunction(
    () =>
      performance.getEntriesByType('soft-navigation').length > 0 || !('PerformanceSoftNavigation' in window),
    null,
    { polling: 20 },
  )
  await chromium.hide(page)
  await site.until(beacons => beacons.some(({ view }) => view.marks.some(({ name }) => name === 'shown')))
  const of = (name: string) => site.beacons.find(({ view }) => view.marks.some(mark => mark.name === name))
  expect(of('before')?.view).toMatchObject({ route: '/soft', navigation: 'navigate' })
  expect(of('shown')?.view).toMatchObject({ route: '/soft/next', navigation: 'soft-navigation' })
  expect(of('shown')?.view.marks).toEqual([{ name: 'shown', value: 5 }])
  await page.close()
})

test('takes at most 32 marks of a soft navigation, including those before it is told', async () => {
  const page = await open(
    '/many',
    TAG,
    `<script>
      addEventListener('click', () => {
        history.pushState(null, '', '/many/next')
        document.querySelector('h1').textContent = 'Another page'
        for (let i = 0; i < 30; i++) fieldline.mark('early', i)
      })
    </script>`,
  )
  await page.click('h1')
  await page.waitForFunction(() => performance.getEntriesByType('soft-navigation').length > 0, null, {
    polling: 20,
  })
  await page.evaluate(() => {
    for (let i = 0; i < 30; i++) window.fieldline?.mark('late', i)
  })
  await chromium.hide(page)
  await site.until(beacons => beacons.some(({ view }) => view.marks.some(({ name }) => name === 'late')))
  const soft = site.beacons.filter(({ view }) => view.navigation === 'soft-navigation')
  expect(soft.flatMap(({ view }) => view.marks)).toHaveLength(32)
  await page.close()
})

test('what is called before the script is there counts from when it was called', async () => {
  const page = await open(
    '/early',
    TAG,
    `${LINE}<script>
      const { mark } = fieldline
      fieldline.setRoute('/[early]')
      mark('early')
      window.at = performance.now()
      window.mark = mark
    </script>`,
  )
  const at = await page.evaluate<number>('window.at')
  await page.evaluate('window.mark("kept", 7)')
  const [early, kept] = await marksAfter(page)
  expect(early?.name).toBe('early')
  expect(early?.value).toBeLessThanOrEqual(Math.round(at))
  expect(kept).toEqual({ name: 'kept', value: 7 })
  expect(site.beacons[0]?.view.route).toBe('/[early]')
  expect(await page.evaluate(() => Object.keys(window.fieldline ?? {}))).toEqual([
    'init',
    'setRoute',
    'mark',
    'tag',
    'consent',
  ])
  await page.close()
})

test('the line may start fieldline itself, wherever init stands among its calls', async () => {
  const page = await open(
    '/line',
    '',
    `${LINE}<script>
      fieldline.mark('first', 1)
      fieldline.init({ site: 'by line', endpoint: '/f' })
      fieldline.mark('second', 2)
    </script>`,
  )
  expect(await marksAfter(page)).toEqual([
    { name: 'first', value: 1 },
    { name: 'second', value: 2 },
  ])
  expect(site.beacons[0]?.site).toBe('by line')
  await page.close()
})

test('after the script, the line changes nothing', async () => {
  const page = await open('/after', TAG, `<script src="/fieldline.js" ${TAG}></script>${LINE}`)
  await page.evaluate(() => window.fieldline?.mark('x', 1))
  expect(await marksAfter(page)).toEqual([{ name: 'x', value: 1 }])
  await page.close()
})

test('tags go with the page view and those after it, until they change', async () => {
  const page = await open(
    '/tagged',
    `${TAG} data-tag-plan="pro" data-tag-plan-tier="7" data-tag=""`,
    `${LINE}<script>
      fieldline.tag('variant', 'B')
      addEventListener('click', () => {
        history.pushState(null, '', '/tagged/next')
        fieldline.tag('plan', 'free')
        fieldline.tag('variant')
      })
    </script>`,
  )
  await page.click('h1')
  await chromium.hide(page)
  await site.until(beacons => beacons.some(({ view }) => view.navigation === 'soft-navigation'))
  const tagsOf = (route: string) => site.beacons.findLast(({ view }) => view.route === route)?.view.tags
  expect(tagsOf('/tagged')).toEqual([
    ['plan', 'pro'],
    ['plan_tier', '7'],
    ['variant', 'B'],
  ])
  expect(tagsOf('/tagged/next')).toEqual([
    ['plan', 'free'],
    ['plan_tier', '7'],
  ])
  await page.close()
})

test('odd tags cost the page view nothing', async () => {
  const page = await open('/odd-tags')
  await page.evaluate(() => {
    const tag: (...args: unknown[]) => void = Reflect.get(window.fieldline ?? {}, 'tag')
    tag()
    tag(Symbol('name'), 'x')
    tag('symbol', Symbol('value'))
    tag('a "quoted"\n name', 'b "quoted"\n value')
    tag('n'.repeat(20_000), 'v'.repeat(20_000))
    tag('count', 7)
    for (let i = 0; i < 9; i++) tag(`more${i}`, 'x')
  })
  await chromium.hide(page)
  await site.until(beacons => beacons.length > 0)
  const { view } = site.beacons[0] ?? {}
  expect(view?.tags).toContainEqual(['a_"quoted"_name', 'b "quoted" value'])
  expect(view?.tags).toContainEqual(['count', '7'])
  expect(view?.tags.length).toBeLessThanOrEqual(5)
  await page.close()
})

/** Notes bodies that leave, or would if the process died. */
const LEAKS = `<script>
  window.leaks = []
  const later = fetchLater
  window.fetchLater = (url, init) => {
    leaks.push(init)
    return later(url, init)
  }
</script>`

test('without consent nothing leaves; with it, what was measured before', async () => {
  const page = await open('/asked', `${TAG} data-consent="required"`, LEAKS)
  await page.evaluate(() => window.fieldline?.mark('before', 1))
  await chromium.hide(page)
  await chromium.show(page)
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 2500)))
  expect(await page.evaluate('leaks')).toEqual([])
  const own = () => site.beacons.filter(({ view }) => view.route === '/asked')
  expect(own()).toEqual([])
  await page.evaluate(() => window.fieldline?.consent(true))
  await page.waitForFunction('leaks.length')
  await chromium.hide(page)
  await site.until(() => own().length > 0)
  const [beacon] = own()
  expect(beacon?.view.marks).toEqual([{ name: 'before', value: 1 }])
  expect(beacon?.view.sequence).toBe(0)
  expect(beacon?.view.vitals.fcp).toBeGreaterThan(0)
  await page.close()
})

test('forgets what is held when consent is taken back, and sends nothing more', async () => {
  const page = await open('/back', TAG, LEAKS)
  await page.evaluate(() => window.fieldline?.mark('a', 1))
  await page.waitForFunction('leaks.length')
  await page.evaluate(() => window.fieldline?.consent(false))
  await page.waitForFunction('leaks.every(({ signal }) => signal.aborted)')
  await page.evaluate(() => {
    window.fieldline?.mark('b', 1)
    window.fieldline?.consent(true)
    window.fieldline?.mark('c', 1)
  })
  const last = await open('/last')
  await page.close()
  expect((await marksAfter(last)).map(({ name }) => name)).toEqual([])
  expect(site.beacons.map(({ view }) => view.route)).toEqual(['/last'])
  await last.close()
})

test('consent given or refused before init outlives it', async () => {
  const start = (consent: boolean, options: string) => `<script src="/fieldline.js"></script>
    <script>fieldline.consent(${consent}); fieldline.init({ site: 'shop', endpoint: '/f'${options} })</script>`
  const refused = await chromium.open(site.page('/refused', { head: start(false, '') }))
  await chromium.hide(refused)
  const given = await chromium.open(site.page('/given', { head: start(true, ', consent: false') }))
  await chromium.hide(given)
  await site.until(beacons => beacons.length > 0)
  expect(site.beacons.map(({ view }) => view.route)).toEqual(['/given'])
  await refused.close()
  await given.close()
})

test('a tag that asks for consent gets it by true alone', async () => {
  const pages = []
  for (const said of ['required', 'false', '', 'tracked', 'true'])
    pages.push(await open(`/said-${said}`, `${TAG} data-consent="${said}"`))
  for (const page of pages) await chromium.hide(page)
  const said = () => site.beacons.map(({ view }) => view.route).filter(route => route.startsWith('/said'))
  await site.until(() => said().length > 0)
  expect(said()).toEqual(['/said-true'])
  for (const page of pages) await page.close()
})

test('what is no answer to the question of consent is none before init, as after it', async () => {
  const page = await chromium.open(
    site.page('/unanswered', {
      head: `<script src="/fieldline.js"></script><script>
        fieldline.consent(undefined)
        fieldline.init({ site: 'shop', endpoint: '/f', consent: 'required' })
      </script>`,
    }),
  )
  await chromium.hide(page)
  const last = await open('/last')
  await chromium.hide(last)
  await site.until(beacons => beacons.some(({ view }) => view.route === '/last'))
  expect(site.beacons.map(({ view }) => view.route)).toEqual(['/last'])
  await page.close()
  await last.close()
})
