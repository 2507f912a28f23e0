/**
 * `npm run test:frameworks`: installs a small application of each framework into a temporary folder, builds it, and clicks
 * through it in Chromium. `npm run test:frameworks -- next astro` takes these two. It needs the network.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { launchBrowser } from '../../demo/local/browser.ts'
import { packPackage, routesOf } from './application.ts'
import { APPLICATIONS, expectedRoutes } from './applications.ts'

const asked = process.argv.slice(2)
const unknown = asked.filter(name => !APPLICATIONS.some(app => app.name === name))
if (unknown.length) throw new Error(`There is no application ${unknown.join(', ')}.`)

const folder = mkdtempSync(join(tmpdir(), 'fieldline-frameworks-'))
const browser = await launchBrowser()
try {
  const tarball = await packPackage(folder)
  for (const app of APPLICATIONS) {
    if (asked.length && !asked.includes(app.name)) continue
    try {
      const routes = await routesOf(app, tarball, browser)
      const right = isDeepStrictEqual(routes, expectedRoutes(app))
      console.log(`${right ? 'ok   ' : 'WRONG'} ${app.name}: ${routes.join(' ')}`)
      if (!right) process.exitCode = 1
    } catch (error) {
      console.log(`WRONG ${app.name}: ${error instanceof Error ? error.message : error}`)
      process.exitCode = 1
    }
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
