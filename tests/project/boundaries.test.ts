import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Which rooms a room may import from, and which packages. The table of ARCHITECTURE.md, as a test. */
const MAY: Record<string, { rooms: string[]; packages: RegExp }> = {
  schema: { rooms: ['schema'], packages: /^(valibot|drizzle-orm)\b/ },
  'schema/openapi': {
    rooms: ['schema/openapi', 'schema'],
    packages: /^(valibot|@valibot\/to-json-schema)$/,
  },
  sdk: { rooms: ['sdk', 'schema'], packages: /^web-vitals$/ },
  worker: { rooms: ['worker', 'schema'], packages: /^(hono|drizzle-orm|valibot|isbot|bowser)\b/ },
  'worker/dashboard': { rooms: ['worker/dashboard', 'schema'], packages: /^preact\b/ },
  cli: { rooms: ['cli', 'schema'], packages: /^node:/ },
  demo: {
    rooms: ['demo', 'cli', 'schema', 'worker'],
    packages: /^(node:|hono|wrangler|playwright-core|cli-progress)/,
  },
}
/** schema/storage/tables is for the worker and for drizzle-kit alone: it would put Drizzle into a page. */
const TABLES = 'schema/storage/tables.ts'

const files = globSync([
  'schema/**/*.ts',
  'sdk/**/*.ts',
  'worker/**/*.{ts,tsx}',
  'cli/**/*.ts',
  'demo/**/*.ts',
])

const room = (file: string) =>
  /^(worker\/dashboard|schema\/openapi)(?=\/)/.exec(file)?.[0] ?? file.split('/')[0] ?? ''

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
    const may = MAY[room(file)]
    for (const name of graph.get(file) ?? []) {
      if (/\.tsx?$/.test(name)) {
        expect(may?.rooms, `${file} imports ${name}`).toContain(room(name))
        if (name === TABLES) expect(room(file), `${file} imports ${name}`).toBe('worker')
        if (room(file) === 'demo' && room(name) === 'worker')
          expect(name).toMatch(/^worker\/(index|env)\.ts$/)
      } else {
        expect(name, `${file} imports ${name}`).toMatch(may?.packages ?? /^$/)
        if (room(file) === 'schema' && name.startsWith('drizzle')) expect(file).toBe(TABLES)
      }
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

describe('sources', () => {
  it.each(files)('%s opens with what it is for', file => {
    expect(readFileSync(file, 'utf8')).toMatch(/^\/\*\*[ \n]/)
  })
})
