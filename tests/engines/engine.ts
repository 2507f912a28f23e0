/**
 * What the suite asks of a browser, whichever it is. The drivers beside this file answer it: Playwright for Chromium,
 * WebDriver BiDi for Firefox, WebDriver for WebKitGTK.
 */

import { expect } from 'vitest'

export interface Tab {
  /** Runs an expression in the page and waits for its value, which is JSON. */
  run(source: string): Promise<unknown>
  /** Clicks as a person does. */
  click(selector: string): Promise<void>
  goto(url: string): Promise<void>
  close(): Promise<void>
}

export interface Engine {
  /** Opens a tab in front of the others. */
  open(url: string): Promise<Tab>
  /** Opens a tab behind another one. */
  openBehind(url: string): Promise<Tab>
  hide(tab: Tab): Promise<void>
  show(tab: Tab): Promise<void>
  /** Console lines and uncaught errors, as far as the driver tells them. */
  complaints: string[]
  close(): Promise<void>
}

/** Runs a function in the page. Its argument and its answer are JSON. */
export async function evaluate<Answer, Argument = undefined>(
  tab: Tab,
  code: (argument: Argument) => Answer | Promise<Answer>,
  argument?: Argument,
): Promise<Answer> {
  return (await tab.run(`(${code})(${JSON.stringify(argument)})`)) as Answer
}

/** Waits until the page answers true. A page that is just going does not answer, and is asked again. */
export async function until<Argument = undefined>(
  tab: Tab,
  condition: (argument: Argument) => boolean,
  argument?: Argument,
): Promise<void> {
  await expect
    .poll(() => evaluate(tab, condition, argument).catch(String), { interval: 20, timeout: 40_000 })
    .toBe(true)
}

/** Loads the page again, as its visitor would, and waits until that is done. */
export async function reload(tab: Tab): Promise<void> {
  await evaluate(tab, () => {
    Reflect.set(window, 'old', true)
    setTimeout(() => location.reload())
  })
  await until(tab, () => !('old' in window) && document.readyState === 'complete')
}

/** Waits for the entries of so many calls: each is a few milliseconds younger than the call's end. */
export async function recorded(tab: Tab, count: number): Promise<void> {
  await until(
    tab,
    count =>
      performance.getEntriesByType('resource').filter(entry => entry.name.includes('/api/')).length >= count,
    count,
  )
}
