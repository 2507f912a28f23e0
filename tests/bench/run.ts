/**
 * `npm run bench [-- name ...]`: runs the benches, prints each as a table and, last, all of them as JSON.
 */

import { benchIngest } from './ingest.ts'
import { benchQuery } from './query.ts'
import { benchRaw } from './raw.ts'

const BENCHES: Record<string, () => Promise<Record<string, number>>> = {
  ingest: benchIngest,
  query: benchQuery,
  raw: benchRaw,
}

const asked = process.argv.slice(2)
for (const name of asked) {
  if (!(name in BENCHES)) throw new Error(`no bench ${name}; there are ${Object.keys(BENCHES).join(', ')}`)
}
const results: Record<string, Record<string, number>> = {}
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length && !asked.includes(name)) continue
  results[name] = await bench()
  console.log(`\n${name}`)
  console.table(results[name])
}
console.log(JSON.stringify({ node: process.version, results }))
