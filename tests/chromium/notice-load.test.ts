import { expect, test } from 'vitest'
import { TAG } from '../kit/site.ts'
import { chromium, site } from './started.ts'

// How long its runs last, `npm run bench -- sdk` measures; that they are several is exact.

test('puts its parts together in one task, and begins to observe in a later one', async () => {
  const watch = `<script>
    window.log = []
    const { observe } = PerformanceObserver.prototype
    PerformanceObserver.prototype.observe = function (...options) {
      log.push('observes')
      observe.apply(this, options)
    }
  </script>`
  // A script's own load event comes in the task that ran it, right after it.
  const script = `<script async src="/fieldline.js" ${TAG} onload="log.push('has run ' + typeof fieldline)"></script>`
  const page = await chromium.open(site.page('/load', { head: watch + script }))
  await page.waitForFunction("log.includes('observes')")
  const log = await page.evaluate<string[]>('log')
  expect(log.filter(line => line !== 'observes')).toEqual(['has run object'])
  expect(log[0]).toBe('has run object')
})
