import { existsSync, globSync, readFileSync } from 'node:fs'
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
    const folders = page.whole.matchAll(/`((?:worker|schema|sdk|cli|demo|tests|docs)\/[\w./-]*)`/g)
    const files = page.whole.matchAll(
      /(?<![\w./-])((?:worker|schema|sdk|cli|demo|tests|docs)\/[\w./-]+\.tsx?)\b/g,
    )
    for (const [, path = ''] of [...folders, ...files]) expect(existsSync(path), path).toBe(true)
  })

  it('names only test projects that exist', () => {
    for (const [, name = ''] of page.whole.matchAll(/vitest run --project (\w+)/g))
      expect(readFileSync('vitest.config.ts', 'utf8')).toMatch(new RegExp(`(name: |inWorkerd\\()'${name}'`))
  })
})

describe('ARCHITECTURE.md', () => {
  it('has a line for every room', () => {
    const { whole } = readPage('ARCHITECTURE.md')
    const rooms = globSync(['sdk', 'cli', 'schema/*', 'worker/*', 'demo/*'], { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ parentPath, name }) => `${parentPath}/${name}/`.replace(/^\.\//, ''))
    expect(rooms.length).toBeGreaterThan(15)
    for (const room of rooms) expect(whole).toContain(`| \`${room}\` |`)
  })
})

describe('docs/decisions', () => {
  const pages = globSync('docs/decisions/[0-9]*.md').sort()

  it('have their numbers, and stand in the list', () => {
    const { links } = readPage('docs/decisions/README.md')
    expect(links.filter(link => /^\d/.test(link)).map(link => `docs/decisions/${link}`)).toEqual(pages)
  })

  it.each(pages)('%s has context and decision', file => {
    const headings = [...readPage(file).whole.matchAll(/^## (.+)$/gm)].map(([, name]) => name)
    expect(['Context', 'Decision', 'Measured', 'Rejected'].filter(name => headings.includes(name))).toEqual(
      headings,
    )
    expect(headings.slice(0, 2)).toEqual(['Context', 'Decision'])
  })
})

describe('README.md', () => {
  it(`has at most ${MAX_README_LINES} lines`, () => {
    expect(readFileSync('README.md', 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(
      MAX_README_LINES,
    )
  })
})
