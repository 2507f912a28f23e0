/**
 * `fieldline doctor`: what a newcomer asks when no number comes. Each line is one part of the way from a page to a
 * figure: `ok`, or what to do about it.
 */

import { rootOf } from './api.ts'
import { type Command, type Given, one } from './command.ts'
import { beaconChecks, siteChecks } from './doctor/beacon.ts'
import { type Check, type Patient, type Result, run, skipped } from './doctor/check.ts'
import { figureChecks } from './doctor/figures.ts'
import { pageCheck } from './doctor/page.ts'
import { workerChecks } from './doctor/worker.ts'
import { misuse, REQUEST_FAILED } from './failure.ts'
import { siteOf } from './range.ts'

export const doctor: Command = {
  name: 'doctor',
  operands: [],
  about: 'look for what is wrong between a page and its figures',
  tokenless: true,
  options: {
    site: { value: '<site>', help: 'the site that is looked at' },
    page: { value: '<address>', help: 'a page that should have the tag, https://shop.example/' },
    origin: {
      value: '<origin>',
      help: "the site's origin; default: of --page, or the first of its settings",
    },
    'no-beacon': { help: 'send no beacon: else one page view of /fieldline-doctor is stored' },
  },
  async run(call) {
    const { given } = call
    const { page, origin } = addressesIn(given)
    const patient: Patient = {
      root: rootOf(one(given, 'url') ?? ''),
      site: siteOf(given),
      ask: call.ask,
      open: call.open,
      hasToken: Boolean(one(given, 'token')),
      origin,
    }
    const checks: Check[] = [
      ...workerChecks,
      ...siteChecks,
      ...(given['no-beacon'] ? [] : beaconChecks),
      ...figureChecks,
      ...(page === undefined ? [] : [pageCheck(page)]),
    ]
    const results = []
    for await (const result of resultsOf(checks, patient)) {
      results.push(result)
      if (!given.json) call.print(`${WORDS[result.state]} ${result.name}: ${result.text}`)
    }
    const bad = results.filter(({ state }) => state === 'bad').length
    if (given.json) call.print(JSON.stringify(results, null, 2))
    else call.print(bad ? `\n${bad} of ${checks.length} need you.` : '\nAll is well.')
    if (bad) call.exit(REQUEST_FAILED)
  },
}

/** The results of checks, one after the other. One fault may stop several parts: it is said once. */
async function* resultsOf(
  checks: readonly Check[],
  patient: Patient,
): AsyncGenerator<Result & Pick<Check, 'name'>> {
  const said = new Set<string>()
  for (const check of checks) {
    const found = await run(check, patient)
    const isSaid = found.state === 'bad' && said.has(found.text)
    if (found.state === 'bad') said.add(found.text)
    yield { name: check.name, ...(isSaid ? skipped('the same') : found) }
  }
}

/** The page, and the origin that beacons are sent from. Throws a misuse where one is no address. */
function addressesIn(given: Given): { page: string | undefined; origin: string | undefined } {
  const [page, origin] = [one(given, 'page'), one(given, 'origin')]
  if (page !== undefined && !(/^https?:/.test(page) && URL.canParse(page)))
    throw misuse(
      `--page must be an address: https://${page.replace(/^(https?:)?\W*/, '') || 'shop.example/'}`,
    )
  if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).origin === origin))
    throw misuse(`--origin must be scheme and host: ${originIn(origin)}`)
  return { page, origin: origin ?? (page && new URL(page).origin) }
}

/** What was probably meant: `shop.example` and `https://shop.example/cart` are `https://shop.example`. */
function originIn(text: string): string {
  const address = /^https?:/.test(text) ? text : `https://${text}`
  return URL.canParse(address) ? new URL(address).origin : 'https://shop.example'
}

const WORDS = { ok: 'ok    ', bad: 'to do ', skipped: '-     ' } as const
