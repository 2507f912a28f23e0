/** Whether a browser on the site's origin may send a beacon, and whether its row is stored. */

import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import type { SitesAnswer } from '../../schema/api/site.ts'
import { isAllowed } from '../../schema/domain/origins.ts'
import { encode } from '../../schema/wire/beacon.ts'
import { statusOf } from '../failure.ts'
import { nearest } from '../nearest.ts'
import { bad, type Check, ok, type Patient, request, skipped } from './check.ts'

const ROUTE = '/fieldline-doctor'
/** As a browser says it: beacons of programs are counted as bots. */
const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
/** How often an answer is asked for again: others' answers of some seconds ago may be given. */
const TRIES = 8
const PAUSE = 1_000

const site: Check = {
  name: 'site',
  async look(patient) {
    if (!patient.hasToken) return skipped('pass --token to look at its settings')
    const { found, others } = await settings(patient).catch(error => {
      if (statusOf(error) !== 401) throw error
      return { found: undefined, others: undefined }
    })
    if (!others) {
      patient.hasToken = false
      return bad(
        'The worker does not know this token: use ADMIN_TOKEN, or make one by fieldline token create.',
      )
    }
    if (!found) {
      patient.blocked = `there is no site ${patient.site} to look at`
      const near = nearest(patient.site, others)
      const meant = near ? ` Did you mean ${near}?` : ''
      return bad(
        `This token sees no site ${patient.site}.${meant} Else: fieldline site add ${patient.site} --origin <origin>.`,
      )
    }
    patient.origins = found.origins
    if (patient.origin && !isAllowed(found.origins, patient.origin))
      return bad(`${patient.origin} is not among ${found.origins.join(', ')}. ${adviceFor(403, patient)}`)
    patient.origin ??= found.origins.map(exampleOf)[0]
    return ok(`beacons may come from ${found.origins.join(', ')}`)
  },
}

const cors: Check = {
  name: 'CORS',
  async look({ root, site, origin }) {
    if (!origin) return skipped('pass --origin, --page or --token')
    const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
    const answer = await request(`${root}/f?site=${site}`, { method: 'OPTIONS', headers })
    const allowed = answer.headers.get('Access-Control-Allow-Origin')
    return answer.ok && (allowed === origin || allowed === '*')
      ? ok(`a page on ${origin} may ask`)
      : bad(`${root}/f answered ${answer.status} to a preflight: something before the worker answers for it.`)
  },
}

const beacon: Check = {
  name: 'beacon',
  async look(patient) {
    const { root, site, origin } = patient
    if (!origin) return skipped('pass --origin, --page or --token')
    if (patient.origins && !isAllowed(patient.origins, origin))
      return skipped(`the site takes none from ${origin}`)
    const sent = new Date().toISOString()
    const answer = await request(`${root}/f?site=${site}`, {
      method: 'POST',
      headers: { Origin: origin, 'User-Agent': BROWSER, 'Content-Type': 'text/plain' },
      body: encode(view()),
    })
    if (!answer.ok)
      return bad(`${adviceFor(answer.status, patient)} (${answer.status}: ${await answer.text()})`)
    if (!patient.hasToken) return ok('accepted; pass --token to see whether it is stored')
    if (answer.status === 202) return ok('accepted by the queue')
    return (await isStored(patient, sent))
      ? ok(`accepted and stored, as a page view of ${ROUTE}`)
      : bad('Accepted, but not stored: the site samples. See its rate below, and run the doctor again.')
  },
}

export const siteChecks: readonly Check[] = [site, cors]
export const beaconChecks: readonly Check[] = [beacon]

/** Its settings, and the sites that the token sees: a read token sees its own in the list. */
async function settings({
  ask,
  site,
}: Patient): Promise<{ found: SitesAnswer['data'][number] | undefined; others: string[] }> {
  const { data } = await ask<SitesAnswer>('GET', '/v1/sites')
  return { found: data.find(found => found.site === site), others: data.map(({ site }) => site) }
}

async function isStored({ ask, site }: Patient, sent: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const query = { site, from: '-2h', order: 'newest', route: ROUTE, limit: '1' }
    const { data } = await ask<PageViewsAnswer>('GET', '/v1/pageviews', { query })
    // Clocks may differ by a minute, which is looked at by another check.
    if (data.some(({ began }) => Date.parse(began) > Date.parse(sent) - 60_000)) return true
    await new Promise(resolve => setTimeout(resolve, PAUSE))
  }
  return false
}

function adviceFor(status: number, { site, origin, origins = ['<those it has>'] }: Patient): string {
  // The command replaces the list: an advice with one origin would shut the others out.
  const all = [...origins, origin].map(text => `--origin ${text}`).join(' ')
  if (status === 403) return `Add the origin: fieldline site set ${site} ${all}.`
  if (status === 404) return `Add the site: fieldline site add ${site} --origin ${origin}.`
  if (status === 429) return 'This address sent too much: wait a minute.'
  if (status === 503) return 'The database takes nothing at the moment.'
  return 'The beacon was refused.'
}

/** An origin that the pattern allows: `https://*.shop.example` has `https://www.shop.example`. */
function exampleOf(pattern: string): string {
  return pattern === '*'
    ? 'https://example.com'
    : pattern.replace('://*.', '://www.').replace(/:\*$/, ':8080')
}

function view(): Parameters<typeof encode>[0] {
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 16)
  return {
    ...{ id, sequence: 0, weight: 1, age: 0, navigation: 'navigate', route: ROUTE, release: null },
    ...{ connection: null, touch: false, phases: null, calls: [], dropped: 0, marks: [], tags: [] },
    vitals: { lcp: null, inp: null, cls: null, fcp: null, ttfb: null },
    why: { lcp: null, inp: null, cls: null },
  }
}
