/**
 * `npm run demo`: from nothing to percentiles. Builds, starts a fieldline of its own, visits the shop with a real
 * browser, prints what D1 knows of the visits, stops everything.
 */

import { launchBrowser } from '../local/browser.ts'
import { build } from '../local/build.ts'
import { startLocal } from '../local/server.ts'
import { onStop } from '../local/stop.ts'
import { progress } from '../traffic/progress.ts'
import { VISIT_COUNT, visitShop } from './journeys.ts'
import { report } from './report.ts'

/** How long the last beacons may be under way, in ms. */
const LAST_BEACONS = 1_500

let stop = async () => {}
onStop(() => stop())

try {
  console.log('Building and starting fieldline ...')
  build()
  const server = await startLocal({ port: 0 })
  stop = server.stop
  const browser = await launchBrowser()
  const bar = progress('Visits', VISIT_COUNT)
  await visitShop(browser, server.url, bar.step)
  bar.stop()
  await new Promise(resolve => setTimeout(resolve, LAST_BEACONS))
  await browser.close()
  console.log(`\n${await report(server)}\n`)
  await server.stop()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await stop()
  process.exitCode = 1
}
