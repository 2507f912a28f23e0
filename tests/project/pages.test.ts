import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PAGES, readPage, wordsOf } from './markdown.ts'

const MAX_WORDS = 30
const MAX_README_LINES = 220

describe.each(PAGES)('%s', file => {
  const page = readPage(file)

  it(`has no sentence of more than ${MAX_WORDS} words`, () => {
    expect(page.sentences.length).toBeGreaterThan(1)
    expect(page.sentences.filter(sentence => wordsOf(sentence) > MAX_WORDS)).toEqual([])
  })

  it('links only to files and headings that exist', () => {
    for (const link of page.links) {
      if (/^\w+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path ? normalize(join(dirname(file), path)) : file
      expect(existsSync(target), link).toBe(true)
      if (anchor !== undefined) expect([...readPage(target).anchors], link).toContain(anchor)
    }
  })

  it('names only files and folders that exist', () => {
    for (const [, path = ''] of page.text.matchAll(
      /`((?:worker|schema|sdk|cli|demo|tests|docs)\/[\w./-]*)`/g,
    ))
      expect(existsSync(path), path).toBe(true)
  })
})

describe('README.md', () => {
  it(`has at most ${MAX_README_LINES} lines`, () => {
    expect(readFileSync('README.md', 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(
      MAX_README_LINES,
    )
  })
})
