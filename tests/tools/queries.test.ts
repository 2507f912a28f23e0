import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PAGE, queriesPage, startExplained } from '../kit/explained.ts'
import type { Local } from '../kit/local.ts'

let local: Local
beforeAll(async () => {
  local = await startExplained()
}, 240_000)
afterAll(() => local.stop())

it('explains ten queries in docs as they are answered: `npm run explain`', async () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(await queriesPage(local))
}, 120_000)
