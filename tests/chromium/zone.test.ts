import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TAG } from '../kit/site.ts'
import { chromium, expectSilence, site } from './started.ts'

// As Angular does: its own zone counts what is pending in it, and checks for changes after each run of it.

expectSilence()

const ZONE = readFileSync(new URL(import.meta.resolve('zone.js')), 'utf8')

const ANGULAR = `<script src="/zone.js"></script><script>
  window.pending = 0
  window.checks = 0
  window.angular = Zone.current.fork({
    name: 'angular',
    onInvokeTask(parent, current, target, task, self, args) {
      checks++
      return parent.invokeTask(target, task, self, args)
    },
    onHasTask(parent, current, target, state) {
      parent.hasTask(target, state)
      if (current === target && state.change === 'macroTask') pending = state.macroTask
    },
  })
</script>`

for (const [name, start] of [
  [
    'in the zone',
    `<script src="/fieldline.js"></script>
    <script>angular.run(() => fieldline.init({ site: 'shop', endpoint: '/f' }))</script>`,
  ],
  ['outside of it', `<script src="/fieldline.js" ${TAG}></script>`],
])
  test(`started ${name}, the SDK leaves nothing pending in it and causes no checks`, async () => {
    site.file('/zone.js', 'text/javascript', ZONE)
    const page = await chromium.open(site.page('/zone', { head: ANGULAR + start }))
    const seen = await page.evaluate(async () => {
      const seen = () => [Reflect.get(window, 'pending'), Reflect.get(window, 'checks')]
      const before = seen()
      Reflect.get(window, 'angular').run(() => {
        window.fieldline?.setRoute('/named')
        window.fieldline?.mark('a', 1)
      })
      const after = seen()
      await new Promise(resolve => setTimeout(resolve, 2500))
      return [before, after, seen()]
    })
    await page.click('h1')
    await page.press('body', 'a')
    expect(seen.flat().filter(Boolean)).toEqual([])
    expect(await page.evaluate('checks')).toBe(0)
    await chromium.hide(page)
    const [beacon] = await site.until(beacons => beacons.length > 0)
    expect(beacon?.view).toMatchObject({ route: '/named', marks: [{ name: 'a', value: 1 }] })
    await page.close()
  })
