/**
 * How many runs, and by which seed: a few with one seed in `npm test`, as many as are asked for in `npm run fuzz`. A
 * failure prints its seed and path; `FUZZ_SEED` and `FUZZ_PATH` run it again.
 */

import { env } from 'cloudflare:workers'
import type { Parameters } from 'fast-check'

/** What vitest.config.ts hands on from the environment. */
interface Settings {
  FUZZ_BEACONS?: string
  FUZZ_REQUESTS?: string
  FUZZ_SEED?: string
  FUZZ_PATH?: string
}

const settings = env as unknown as Settings

export const BEACONS = Number(settings.FUZZ_BEACONS || 14_000)
export const REQUESTS = Number(settings.FUZZ_REQUESTS || 6_000)

/** fast-check's parameters for so many runs. */
export function runs(numRuns: number): Parameters<unknown> {
  const path = settings.FUZZ_PATH
  return { numRuns, seed: Number(settings.FUZZ_SEED || 2026), ...(path && { path }), endOnFailure: false }
}
