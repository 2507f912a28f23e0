import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What a room may import: itself, the rooms below it, and packages. The table of ARCHITECTURE.md, as a test. */
interface Bounds {
  below: readonly string[]
  packages?: RegExp
}

const CONTRACTS = ['schema/domain', 'schema/wire', 'schema/api']
const SCHEMA = [...CONTRACTS, 'schema/storage']
/** Files of `worker` that every room of it stands on. The others are its top, which sees all. */
const GROUND =
  /^worker\/(body|bytes|deadline|env|headers|joined|log|memory|overload|parameters|problem|unavailable)\.ts$/

/** From the ground up. A room of `worker` may import from those before it, as far as they are named. */
const BOUNDS: Record<string, Bounds> = {
  'schema/domain': { below: [], packages: /^valibot$/ },
  'schema/wire': { below: ['schema/domain'], packages: /^valibot$/ },
  'schema/storage': { below: ['schema/domain', 'schema/wire'], packages: /^drizzle-orm\b/ },
  'schema/api': { below: ['schema/domain', 'schema/wire'], packages: /^valibot$/ },
  'schema/openapi': { below: CONTRACTS, packages: /^(valibot|@valibot\/to-json-schema)$/ },
  sdk: { below: ['schema/domain', 'schema/wire'], packages: /^web-vitals$/ },
  'sdk/adapters': {
    below: ['sdk', 'schema/domain', 'schema/wire'],
    packages: /^(react|next\/(navigation|router)\.js)$/,
  },
  'worker/ground': inWorker(),
  'worker/store': inWorker(),
  'worker/site': inWorker('store'),
  'worker/histogram': inWorker('store'),
  'worker/admin': inWorker('store', 'site'),
  'worker/query': inWorker('store', 'site', 'histogram'),
  'worker/read': inWorker('store', 'site', 'histogram', 'query'),
  'worker/formats': inWorker('store', 'site', 'histogram', 'admin', 'query', 'read'),
  'worker/budgets': inWorker('store', 'site', 'histogram', 'admin', 'query', 'read'),
  'worker/rules': inWorker('store', 'site', 'histogram', 'admin', 'query'),
  'worker/ingest': inWorker('store', 'site', 'admin'),
  worker: inWorker(
    'store',
    'site',
    'histogram',
    'admin',
    'query',
    'read',
    'formats',
    'budgets',
    'rules',
    'ingest',
  ),
  'worker/dashboard': { below: CONTRACTS, packages: /^preact\b/ },
  cli: { below: CONTRACTS, packages: /^(node:|hyparquet(-writer)?$)/ },
  'demo/shop': { below: [], packages: /^hono\b/ },
  'demo/traffic': { below: ['demo/local', 'cli', ...CONTRACTS], packages: /^(node:|cli-progress)/ },
  'demo/visit': {
    below: ['demo/local', 'demo/traffic', 'cli', ...CONTRACTS],
    packages: /^(node:|playwright-core)/,
  },
  'demo/local': {
    below: ['demo/shop', 'cli', 'worker', 'worker/ground'],
    packages: /^(node:|wrangler|playwright-core)/,
  },
}

function inWorker(...rooms: string[]): Bounds {
  return {
    below: ['worker/ground', ...rooms.map(room => `worker/${room}`), ...SCHEMA],
    packages: /^((hono|drizzle-orm|valibot|isbot|bowser|hyparquet-writer)\b|cloudflare:pipelines$)/,
  }
}

const files = globSync([
  'schema/**/*.ts',
  'sdk/**/*.ts',
  'worker/**/*.{ts,tsx}',
  'cli/**/*.ts',
  'demo/**/*.ts',
])

function room(file: string): string {
  if (GROUND.test(file)) return 'worker/ground'
  const [top = '', sub] = file.split('/')
  return top !== 'cli' && sub && !sub.includes('.') ? `${top}/${sub}` : top
}

function importsOf(file: string): string[] {
  const source = readFileSync(file, 'utf8')
  return [
    ...source.matchAll(
      /^(?:import|export)\b[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ]
    .map(match => match[1] ?? match[2] ?? match[3] ?? '')
    .map(name => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name))
}

const graph = new Map(files.map(file => [file, importsOf(file)]))

describe('imports', () => {
  it.each(files)('%s stays within what its room may use', file => {
    const own = room(file)
    const { below = [], packages = /^$/ } = BOUNDS[own] ?? {}
    for (const name of graph.get(file) ?? []) {
      if (/\.tsx?$/.test(name)) expect([own, ...below], `${file} imports ${name}`).toContain(room(name))
      else expect(name, `${file} imports ${name}`).toMatch(packages)
    }
  })

  it('run in no circle', () => {
    const done = new Set<string>()
    const walk = (file: string, path: string[]): void => {
      expect(path, 'a circle of imports').not.toContain(file)
      if (done.has(file)) return
      for (const next of graph.get(file) ?? []) if (graph.has(next)) walk(next, [...path, file])
      done.add(file)
    }
    for (const file of files) walk(file, [])
    expect(done.size).toBe(files.length)
  })
})

const tables = [...readFileSync('schema/storage/tables.ts', 'utf8').matchAll(/sqliteTable\(\s*'(\w+)'/g)].map(
  match => match[1],
)

describe('sources', () => {
  it.each(files)('%s opens with what it is for', file => {
    expect(readFileSync(file, 'utf8')).toMatch(/^\/\*\*[ \n]/)
  })

  it.each(files.filter(file => /^worker\/(?!dashboard)/.test(file)))('%s names no table by hand', file => {
    expect(tables).toContain('pageviews')
    const byHand = new RegExp(`\\b(FROM|JOIN|INTO|UPDATE) (${tables.join('|')})\\b`)
    expect(readFileSync(file, 'utf8')).not.toMatch(byHand)
  })
})

/** A test and its title: `it('...'`, `test.each(...)('...'`. */
const TITLE = /^\s*(?:\]\)|(?:it|test)(?:\.\w+)?(?:\(.*\))?)\((['"`])((?:\\.|(?!\1).)*)\1/gm

describe('titles of tests', () => {
  it.each(globSync('tests/**/*.ts', { exclude: name => /node_modules/.test(name) }))('%s', file => {
    const titles = [...readFileSync(file, 'utf8').matchAll(TITLE)].map(match => match[2] ?? '')
    expect(titles.filter(title => title.length > 80)).toEqual([])
  })
})
