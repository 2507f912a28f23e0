import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { transform } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { byteTable, sharesOf } from '../../rollup.bytes.ts'
import { brotliBytes } from '../kit/figures.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const text = (name: string) => readFileSync(`dist/${name}`, 'utf8')

/**
 * Bytes of brotli -q 11 that a script may have. They grew by what makes failed calls, page views and names right, and are to
 * come down to 7,500 and 6,500.
 */
const BUDGET = { 'fieldline.js': 9_520, 'fieldline.core.js': 7_690 }

describe.each(Object.entries(BUDGET))('dist/%s', (name, budget) => {
  it(`has at most ${budget} bytes`, () => {
    expect(brotliBytes(`dist/${name}`)).toBeLessThanOrEqual(budget)
  })

  it('asks for no more than ES2020', async () => {
    const as = async (target: string) => (await transform(text(name), { target })).code
    expect(await as('es2020')).toBe(await as('esnext'))
  })

  it('holds no decoder', () => {
    expect(text(name)).not.toContain('~standard')
  })

  it('is a classic script of one line, after the hint to compile it whole', () => {
    const [first, , ...more] = text(name).trimEnd().split('\n')
    expect(first).toBe('//# allFunctionsCalledOnLoad')
    expect(more).toEqual([])
  })

  it('names no map, which stands beside it', () => {
    expect(text(name)).not.toContain('sourceMappingURL')
    const map = JSON.parse(readFileSync(`dist/public/${name}.map`, 'utf8'))
    expect(map.sources).toContain('../sdk/transport.ts')
    expect(readFileSync('dist/public/_headers', 'utf8')).toContain(`SourceMap: /${name}.map`)
  })

  it('goes out as it is, and under its version', () => {
    const pinned = name.replace('fieldline', `fieldline-${version}`)
    expect(readFileSync(`dist/public/${name}`, 'utf8')).toBe(text(name))
    expect(readFileSync(`dist/public/${pinned}`, 'utf8')).toBe(text(name))
  })

  it('adds up to the byte, module by module', () => {
    const map = JSON.parse(text(`${name}.map`))
    const shares = sharesOf(text(name), map)
    expect(shares.map(share => share.module)).toEqual(expect.arrayContaining(['web-vitals', 'sdk/calls.ts']))
    expect(shares.reduce((sum, share) => sum + share.minified, 0)).toBe(text(name).length)
    expect(byteTable(name, text(name), map)).toContain('schema/wire/beacon.ts')
  })
})

describe('web-vitals', () => {
  it('stays an import of the packages, so that an application that has it shares it', () => {
    for (const name of ['index.js', 'core.js']) {
      const imports = [...text(name).matchAll(/from ?["']([^"']+)["']/g)].map(([, from]) => from)
      expect(imports).toEqual(['web-vitals'])
      expect(text(name)).not.toContain('largest-contentful-paint')
    }
  })

  it('is in the scripts unchanged, module by module', () => {
    for (const name of Object.keys(BUDGET)) {
      const { sources, sourcesContent } = JSON.parse(text(`${name}.map`))
      const modules = [...sources.entries()].filter(([, source]) => source.includes('node_modules/'))
      expect(modules.length).toBeGreaterThan(5)
      for (const [at, source] of modules) {
        expect(source).toMatch(/node_modules\/web-vitals\/dist\/modules\/[\w/]+\.js$/)
        expect(sourcesContent[at]).toBe(readFileSync(source.replace(/^(\.\.\/)+/, ''), 'utf8'))
      }
    }
  })
})

describe('the dashboard', () => {
  // The page holds a script, too.
  const first = ['index.html', 'app.js', 'style.css'].reduce(
    (sum, name) => sum + brotliBytes(`dist/public/${name}`),
    0,
  )
  const later = readdirSync('dist/public/app')

  it('loads at most 29.7 KB of page, script and style at first', () => {
    // What it imported from its start would load at first, too.
    expect(text('public/app.js')).not.toMatch(/\bfrom ?["']\.|\bimport ?["']/)
    expect(first).toBeLessThanOrEqual(29_700)
  })

  it('names the script of its page by its hash', () => {
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(text('public/index.html')) ?? []
    expect(script).toContain('/v1/')
    const policy = `script-src 'self' 'sha256-${hash('sha256', script, 'base64')}';`
    expect(text('public/_headers').split(policy)).toHaveLength(2)
  })

  it('has at most 51 KB with all that loads as it is shown, each named by its content', () => {
    for (const name of later) expect(name).toMatch(/^\w+-[\w-]{8}\.js$/)
    expect(later.length).toBeGreaterThan(8)
    const all = later.reduce((sum, name) => sum + brotliBytes(`dist/public/app/${name}`), first)
    expect(all).toBeLessThanOrEqual(51_000)
  })
})

describe('dist/sri.json', () => {
  it('names every published script with its hash', () => {
    const scripts = readdirSync('dist/public').filter(name => /^fieldline.*\.js$/.test(name))
    expect(scripts).toHaveLength(4)
    expect(JSON.parse(text('sri.json'))).toEqual(
      Object.fromEntries(
        scripts.map(name => [
          name,
          `sha384-${hash('sha384', readFileSync(`dist/public/${name}`), 'base64')}`,
        ]),
      ),
    )
  })
})
