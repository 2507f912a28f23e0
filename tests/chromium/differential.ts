/**
 * The same page twice, without the SDK and with it: a case goes in, its transcript comes out of both, and must be the
 * same to the letter, with no console line and no uncaught error more.
 */

import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { type Parts, TAG } from '../kit/site.ts'
import { chromium, site } from './started.ts'

/** ms after which a tab that has not come to the end of its case is taken for dead. */
const DEAD = 20_000

/** What cases tell things with, inline in the page's head. Names of scripts are no properties of window. */
const TELLING = `<script>
  const tell = value => {
    if (value instanceof DOMException) return [value.constructor.name, value.name, value.message]
    if (value instanceof Error) return [value.constructor.name, value.message]
    if (value instanceof Response) {
      const { type, url, status, statusText, redirected, bodyUsed } = value
      return [type, url, status, statusText, redirected, bodyUsed, value.headers.get('content-type')]
    }
    return value === undefined ? 'undefined' : value
  }
  const attempt = async run => {
    try {
      return tell(await run())
    } catch (error) {
      return tell(error)
    }
  }
  const text = async response => {
    try {
      return await (await response).text()
    } catch (error) {
      return tell(error)
    }
  }
</script>`

declare global {
  /** A value in JSON; errors and responses by what a page can see of them. */
  function tell(value: unknown): unknown
  /** What `run` answers, or throws, told. */
  function attempt(run: () => unknown): Promise<unknown>
  /** The body of a response, or the error, told. */
  function text(response: Promise<Response>): Promise<unknown>
}

/** Runs a case in a fresh page without the SDK, then in one with it; answers the transcript that both gave. */
export async function same<T>(
  run: (page: Page) => Promise<T>,
  { tag = TAG, ...parts }: Parts = {},
): Promise<T> {
  const without = await visit(run, parts)
  const { transcript, complaints } = await visit(run, { ...parts, tag })
  expect(transcript).toEqual(without.transcript)
  expect(complaints).toEqual(without.complaints)
  return transcript
}

/** In a tab of its own, and in front: what happens to one case cannot happen to the next. */
async function visit<T>(run: (page: Page) => Promise<T>, { head = '', ...parts }: Parts) {
  const page = await chromium.open()
  let timer: ReturnType<typeof setTimeout> | undefined
  const dead = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the tab does not answer, for ${DEAD} ms`)), DEAD)
  })
  const alive = async () => {
    await page.goto(site.page('/page', { head: TELLING + head, ...parts }))
    // The load event waits for the script, async as it is.
    expect(await page.evaluate('typeof fieldline')).toBe(parts.tag === undefined ? 'undefined' : 'object')
    const transcript = await run(page)
    // What the console got before this line has come when this line has.
    await Promise.all([
      page.waitForEvent('console', message => message.text() === 'end'),
      page.evaluate(() => console.log('end')),
    ])
    return { transcript, complaints: chromium.complaints.splice(0) }
  }
  try {
    return await Promise.race([alive(), dead])
  } finally {
    clearTimeout(timer)
    await page.close()
    chromium.complaints.length = 0
  }
}
