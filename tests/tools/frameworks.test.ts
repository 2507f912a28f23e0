import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../../demo/local/browser.ts'
import { type Application, packPackage, routesOf } from '../frameworks/application.ts'
import { ALWAYS, expectedRoutes } from '../frameworks/applications.ts'

// npm run test:frameworks tries all of them. These install in seconds, where packages can be had.
const hasRegistry = spawnSync('npm', ['ping', '--fetch-timeout=5000', '--fetch-retries=0']).status === 0
if (!hasRegistry)
  console.warn(
    'npm has no registry here: the adapters are not tried in their frameworks (npm run test:frameworks)',
  )

describe.skipIf(!hasRegistry)('in an application that is installed, built and clicked through,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-frameworks-'))
  let browser: Browser
  let tarball: string
  beforeAll(async () => {
    ;[browser, tarball] = await Promise.all([launchBrowser(), packPackage(folder)])
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(ALWAYS.map((app): [string, Application] => [app.name, app]))(
    'the adapter of %s names page views',
    async (_, app) => {
      expect(await routesOf(app, tarball, browser)).toEqual(expectedRoutes(app))
    },
    300_000,
  )
})
