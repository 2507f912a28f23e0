import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSummaryQuery } from '../../schema/summary.ts'
import { beaconBytes, browsers, cost, figures, partOf, peers, pin } from '../bench/figures.ts'

const readme = readFileSync('README.md', 'utf8')
const scripts: Record<string, string> = JSON.parse(readFileSync('package.json', 'utf8')).scripts

describe('the README', () => {
  it('states the figures of this very build', () => {
    expect(partOf(readme, 'figures')).toBe(figures())
    expect(partOf(readme, 'pin')).toBe(pin())
    expect(partOf(readme, 'browsers')).toBe(browsers())
  })

  it('states the bytes of this very build beside those of its peers', () => {
    expect(partOf(readme, 'peers')).toContain('| fieldline |')
    expect(partOf(readme, 'peers')).toBe(peers(readme))
  })

  it('states what this very code costs, counted anew', async () => {
    expect(partOf(readme, 'cost')).toBe(await cost())
  })

  it('names only npm scripts that there are', () => {
    for (const [, name] of readme.matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([name ?? ''])
  })

  it('links only to files that there are', () => {
    for (const [, file] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)\)/g))
      expect(existsSync(file ?? ''), file).toBe(true)
  })

  it('shows only summary questions that the API takes', () => {
    const questions = [...readme.matchAll(/\/v1\/summary\?([^'"\s]+)/g)]
    expect(questions.length).toBeGreaterThan(0)
    for (const [, query] of questions) {
      expect(parseSummaryQuery(new URLSearchParams(query), Date.now()), query).toHaveProperty('ok')
    }
  })
})

describe('the budget', () => {
  it('of an ordinary beacon is 1 KB', () => {
    expect(beaconBytes()).toBeLessThanOrEqual(1_024)
  })
})
