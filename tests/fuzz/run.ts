/**
 * `npm run fuzz [-- <beacons> <requests>]`: as many beacons and requests that nobody thought of, 1,000,000 and 50,000 unless
 * said otherwise, by a new seed each time. `FUZZ_SEED=<seed> npm run fuzz` sends the same ones again.
 */

import { spawnSync } from 'node:child_process'

const [beacons = '1000000', requests = '50000'] = process.argv.slice(2)
const seed = process.env.FUZZ_SEED ?? String(Math.floor(Math.random() * 2 ** 31))
console.log(`${beacons} beacons and ${requests} requests by FUZZ_SEED=${seed}`)
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'fuzz'], {
  stdio: 'inherit',
  env: { ...process.env, FUZZ_BEACONS: beacons, FUZZ_REQUESTS: requests, FUZZ_SEED: seed },
})
process.exit(status ?? 1)
