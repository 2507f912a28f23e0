import { describe, expect, it } from 'vitest'
import { clsAdvice, inpAdvice, lcpAdvice } from '../../../schema/api/advice.ts'
import { inpParts, lcpParts, startedBy, waits } from '../../../schema/wire/attribution.ts'

/** First byte at 300, image asked for at 1000, there at 1600, painted at 2000. */
const image = { target: 'img', url: '/a.jpg', loadDelay: 700, loadDuration: 600, renderDelay: 400 }
const text = { target: 'h1', url: null, loadDelay: 0, loadDuration: 0, renderDelay: 1700 }
const waited = (cause: typeof image | typeof text, from: number, to: number) =>
  waits(2000, cause, [{ start: from, duration: to - from }])[0]

describe('the parts', () => {
  it('of an LCP add up to it, the first byte being the rest', () => {
    expect(lcpParts(2000, image)).toEqual([300, 700, 600, 400])
  })

  it('of an LCP are never negative, whatever a beacon claims', () => {
    expect(lcpParts(100, image)).toEqual([0, 700, 600, 400])
  })

  it('of an INP are its phases', () => {
    const inp = { inputDelay: 10, processing: 200, presentation: 30 }
    expect(inpParts({ target: '', event: 'click', time: 0, script: null, ...inp })).toEqual([10, 200, 30])
  })
})

describe('an LCP', () => {
  it.each([
    ['a call within the load delay: all of it', image, 400, 900, 500],
    ['a call from before the first byte: what lies in the delay', image, 100, 900, 600],
    ['a call that ends when the image is asked for', image, 400, 1000, 600],
    ['a call within the render delay', image, 1700, 1900, 200],
    ['a call that ran while the image loaded, too: what lies in the render delay', image, 1200, 1900, 300],
    ['a call that ends with the paint', image, 1700, 2000, 300],
    ['for text, a call since the first byte', text, 500, 1500, 1000],
  ])('waited for %s', (_, cause, from, to, ms) => {
    expect(waited(cause, from, to)).toBe(ms)
  })

  it.each([
    ['ended before the first byte', image, 0, 300],
    ['ended while the image loaded', image, 400, 1200],
    ['began and ended while the image loaded', image, 1100, 1500],
    ['ended after the paint', image, 400, 2001],
    ['began after the paint', image, 2100, 2200],
    ['took no time', image, 300, 300],
  ])('did not wait for a call that %s', (_, cause, from, to) => {
    expect(waited(cause, from, to)).toBe(0)
  })
})

describe('an interaction', () => {
  const inp = { target: 'button', event: 'click', time: 5000, script: null }
  const cause = { ...inp, inputDelay: 20, processing: 100, presentation: 60 }
  it.each([
    [5019, false],
    [5020, true],
    [5100, true],
    [5180, true],
    [5181, false],
  ])('with a call at %d ms: started by it: %s', (start, started) => {
    expect(startedBy(cause, [{ start, duration: 1 }])).toEqual([started])
  })
})

describe('advice', () => {
  const lcp = (ttfb: number, load_delay: number, load_duration: number, render_delay: number) => ({
    ttfb,
    load_delay,
    load_duration,
    render_delay,
  })
  it.each([
    [lcp(900, 100, 100, 100), 0.9, 'slow-first-byte'],
    [lcp(100, 900, 100, 100), 0.1, 'image-found-late'],
    [lcp(100, 900, 100, 100), 0.6, 'waits-for-api'],
    [lcp(100, 100, 900, 100), 0.9, 'image-slow-to-load'],
    [lcp(100, 0, 0, 900), 0.1, 'render-blocked'],
    [lcp(100, 0, 0, 900), 0.6, 'waits-for-api'],
  ])('for an LCP of %o is about its largest part', (parts, waited, code) => {
    expect(lcpAdvice(parts, waited)).toBe(code)
  })

  it.each([
    [{ input_delay: 300, processing: 100, presentation: 50 }, 1, 'input-delayed'],
    [{ input_delay: 30, processing: 100, presentation: 50 }, 0.2, 'long-handler'],
    [{ input_delay: 30, processing: 100, presentation: 50 }, 0.5, 'long-script'],
    [{ input_delay: 30, processing: 100, presentation: 150 }, 0.5, 'slow-presentation'],
  ])('for an INP of %o is about its largest part', (parts, scripted, code) => {
    expect(inpAdvice(parts, scripted)).toBe(code)
  })

  it.each([
    ['main>img.hero', 'missing-dimensions'],
    ['iframe#ad', 'missing-dimensions'],
    ['div.video > video', 'missing-dimensions'],
    ['div.img', 'moved-by-insertion'],
    ['#img', 'moved-by-insertion'],
    ['img-list', 'moved-by-insertion'],
    ['img.hero>p', 'moved-by-insertion'],
    ['', 'moved-by-insertion'],
  ])('for a shift of %s is %s', (target, code) => {
    expect(clsAdvice(target)).toBe(code)
  })
})
