/** One thing that the doctor looks at: it is `ok`, or there is something to do. */

import { type Ask, type Open, unreachable } from '../api.ts'
import { refused } from '../failure.ts'

export interface Patient {
  /** Of the worker, without a slash at its end. */
  root: string
  site: string
  ask: Ask
  open: Open
  hasToken: boolean
  /** The origin that beacons are sent from; set by the check that learns it. */
  origin: string | undefined
  /** Those that the site allows; set by the check that learns them. */
  origins?: readonly string[]
  /** Why nothing else of the worker can be looked at; set by the check that finds it. */
  blocked?: string
}

export interface Result {
  state: 'ok' | 'bad' | 'skipped'
  /** What was found, or what to do. */
  text: string
}

export interface Check {
  name: string
  /** Asks no worker. */
  apart?: true
  look(patient: Patient): Promise<Result>
}

export const ok = (text: string): Result => ({ state: 'ok', text })
export const bad = (text: string): Result => ({ state: 'bad', text })
export const skipped = (text: string): Result => ({ state: 'skipped', text })

/** How long an answer may take, in ms. */
const PATIENCE = 15_000

/** A request as a browser sends it, without a token. */
export function request(address: string, init: RequestInit = {}): Promise<Response> {
  return fetch(address, { ...init, signal: AbortSignal.timeout(PATIENCE) }).catch(error => {
    throw error?.name === 'TimeoutError'
      ? refused(`${new URL(address).origin} does not answer within ${PATIENCE / 1000} s`)
      : unreachable(new URL(address).origin, error)
  })
}

/** Looks; whatever fails is a result, too. */
export async function run(check: Check, patient: Patient): Promise<Result> {
  if (patient.blocked && !check.apart) return skipped(patient.blocked)
  try {
    return await check.look(patient)
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error))
  }
}
