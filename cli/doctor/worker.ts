/** Whether the worker is there, well and of this version, and serves its script as browsers need it. */

import type { HealthAnswer } from '../../schema/api/health.ts'
import type { Problem } from '../../schema/domain/problem.ts'
import { version } from '../version.ts'
import { bad, type Check, ok, request, skipped } from './check.ts'

/** Page views are dated by the worker's clock; a token expires by it. */
const MAX_CLOCK = 60_000

const health: Check = {
  name: 'worker and database',
  async look(patient) {
    const { root } = patient
    const answer = await request(`${root}/healthz`).catch(error => error as Error)
    if (answer instanceof Error) {
      patient.blocked = 'the worker cannot be reached'
      return bad(`${answer.message}: is --url right, and is the worker deployed (npm run deploy)?`)
    }
    const said = (await answer.json().catch(() => null)) as Partial<HealthAnswer> | Partial<Problem> | null
    if (answer.status === 503) {
      const detail = said && 'detail' in said ? said.detail : undefined
      return bad(detail ?? 'The worker answers 503: run npm run deploy, then look again.')
    }
    if (answer.ok && said?.status === 'ok') return ok(`${root} answers, its database is migrated`)
    patient.blocked = 'no fieldline answers'
    return bad(
      `${root}/healthz answered ${answer.status}, and not as fieldline does: is --url the address of the worker, and no page or login before it?`,
    )
  },
}

const clock: Check = {
  name: 'clock',
  async look({ root }) {
    const answer = await request(`${root}/healthz`)
    const date = Date.parse(answer.headers.get('Date') ?? '')
    if (Number.isNaN(date)) return skipped('the worker says no time')
    const off = date - Date.now()
    return Math.abs(off) <= MAX_CLOCK
      ? ok('as here')
      : bad(
          `The clock here and the worker's are ${Math.round(Math.abs(off) / 1000)} s apart: set the one here.`,
        )
  },
}

const release: Check = {
  name: 'version',
  async look({ root }) {
    const answer = await request(`${root}/v1/openapi.json`)
    const { info } = ((await answer.json().catch(() => null)) ?? {}) as { info?: { version?: string } }
    const own = version()
    if (!info?.version)
      return bad(`The worker does not say its version, so it is older than ${own}: run npm run deploy.`)
    return info.version === own
      ? ok(own)
      : bad(
          `The worker is ${info.version}, this command ${own}: run npm run deploy, or take the other version.`,
        )
  },
}

const script: Check = {
  name: 'script',
  async look({ root }) {
    const answer = await request(`${root}/fieldline.js`)
    if (!answer.ok) return bad(`${root}/fieldline.js answered ${answer.status}: build before you deploy.`)
    await answer.body?.cancel()
    const has = (name: string, pattern: RegExp) => pattern.test(answer.headers.get(name) ?? '')
    const missing = [
      has('Content-Type', /javascript/) ? [] : 'Content-Type: text/javascript',
      has('Cache-Control', /max-age=[1-9]/) ? [] : 'Cache-Control: max-age',
      has('Access-Control-Allow-Origin', /^\*$/) ? [] : 'Access-Control-Allow-Origin: *',
      has('Cross-Origin-Resource-Policy', /^cross-origin$/)
        ? []
        : 'Cross-Origin-Resource-Policy: cross-origin',
    ].flat()
    return missing.length
      ? bad(`It lacks the headers ${missing.join(', ')}: something between the worker and you changes them.`)
      : ok(`served and cached: ${answer.headers.get('Cache-Control')}`)
  },
}

export const workerChecks: readonly Check[] = [health, clock, release, script]
