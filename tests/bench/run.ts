/**
 * `npm run bench [-- name ...] [--option ...]`: runs the benches, prints each as a table and, last, all of them as JSON.
 */

import { benchIngest } from './ingest.ts'
import { benchLake } from './lake.ts'
import { benchLoad } from './load.ts'
import { benchQuery } from './query.ts'
import { benchRaw } from './raw.ts'
import { benchRules } from './rules.ts'
import { benchSamples } from './samples.ts'
import { benchScale } from './scale.ts'
import { benchSdk } from './sdk.ts'
import { benchSites } from './sites.ts'

/** Names with their numbers, or a row of them for each thing compared. */
type Results = Record<string, number | Record<string, string | number | null>>

const BENCHES: Record<string, (options: readonly string[]) => Promise<Results>> = {
  ingest: benchIngest,
  lake: benchLake,
  load: benchLoad,
  query: benchQuery,
  raw: benchRaw,
  rules: benchRules,
  samples: benchSamples,
  scale: benchScale,
  sdk: benchSdk,
  sites: benchSites,
}

const words = process.argv.slice(2)
const options = words.filter(word => word.startsWith('--'))
const asked = words.filter(word => !word.startsWith('--'))
for (const name of asked) {
  if (!(name in BENCHES)) throw new Error(`no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`)
}
const results: Record<string, Results> = {}
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length && !asked.includes(name)) continue
  results[name] = await bench(options)
  console.log(`\n${name}`)
  console.table(results[name])
}
console.log(JSON.stringify({ node: process.version, results }))
