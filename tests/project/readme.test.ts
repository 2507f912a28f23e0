import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSummaryQuery } from '../../schema/api/summary.ts'
import {
  beaconBytes,
  browsers,
  cost,
  endpoints,
  figures,
  parameters,
  partOf,
  peers,
  pin,
  scale,
  sdk,
  sizes,
} from '../kit/figures.ts'
import { PAGES } from './markdown.ts'

const pages = PAGES.map(page => readFileSync(page, 'utf8')).join('\n')
const scripts: Record<string, string> = JSON.parse(readFileSync('package.json', 'utf8')).scripts

describe('README and docs', () => {
  it.each([
    ['figures', figures],
    ['pin', pin],
    ['browsers', browsers],
    ['endpoints', endpoints],
    ['parameters', parameters],
    ['sdk', sdk],
    ['scale', scale],
    ['sizes', sizes],
    ['peers', peers],
  ] as const)('state the %s of this build', (part, write) => {
    expect(partOf(part)).toMatch(/^(\||```)/m)
    expect(partOf(part)).toBe(write())
  })

  it('state what this code costs, counted anew', async () => {
    expect(partOf('cost')).toBe(await cost())
    // A day of traffic is written and read in workerd.
  }, 240_000)

  it('name only npm scripts that exist', () => {
    for (const [, name] of pages.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([name ?? ''])
  })

  it('show only summary questions that the API takes', () => {
    const questions = [...pages.matchAll(/\/v1\/summary\?([^'"\s]+)/g)]
    expect(questions.length).toBeGreaterThan(1)
    for (const [, query] of questions) {
      const params = new URLSearchParams(query)
      // Its filters take its place before the question is parsed.
      params.delete('segment')
      expect(parseSummaryQuery(params, Date.now()), query).toHaveProperty('ok')
    }
  })
})

describe('the budget', () => {
  it('of an ordinary beacon is 1 KB', () => {
    expect(beaconBytes()).toBeLessThanOrEqual(1_024)
  })
})
