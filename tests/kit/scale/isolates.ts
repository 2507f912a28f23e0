/**
 * Isolates without workerd: the modules of the worker that remember something are evaluated once for each isolate, so that
 * each has its own memory; the rest is shared. Time, timers and chance are the simulation's.
 */

import { build, type Plugin } from 'esbuild'
import type { Ms } from '../../../schema/domain/units.ts'
import type { PageViewRow } from '../../../schema/storage/tables.ts'

/** A beacon after it was decoded; `draw` are 32 bits that the keyed hash would give. */
export interface Arrival {
  row: PageViewRow
  draw: number
  address: string
}

/** What tests/kit/worker/isolate.ts exports; `d1` is a binding of the model. */
export interface Isolate {
  /** Takes a beacon, and tells its fate. */
  beacon(d1: object, arrival: Arrival, now: Ms): Promise<string>
  leaveOut(d1: object, site: string, times: number, now: Ms): Promise<void>
  cron(d1: object, now: Ms): Promise<void>
}

/** What an isolate sees of the world. */
export interface World {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: { run: unknown }): void
  /** Uniform in [0, 1). */
  random(): number
}

/** Modules that remember, and those that have to meet the same copy of them. */
const OWN =
  /\/worker\/(ingest\/\w+|site\/sites|cron|deadline|overload)\.ts$|\/tests\/kit\/worker\/isolate\.ts$/

/** Builds the modules once; each call of the answer starts an isolate. */
export async function isolates(): Promise<(world: World) => Isolate> {
  const shared = new Set<string>()
  const bundled = await bundle({ entryPoints: ['tests/kit/worker/isolate.ts'], plugins: [share(shared)] })
  // A copy of each shared module's names for each isolate takes longer than all else that it begins with.
  const own = bundled.replace(/__toESM\((require\("[^"]+"\))(?:, 1)?\)/g, '$1')
  const names = [...shared]
  const exports = names.map((path, i) => `export * as m${i} from ${JSON.stringify(path)}`).join('\n')
  const rest = await bundle({ stdin: { contents: exports, resolveDir: process.cwd(), loader: 'ts' } })
  // What the worker logs in trouble is counted by the simulation, not read.
  const log = { error: () => {}, warn: () => {}, log: () => {} }
  const modules = evaluate(rest, ['console'])({}, log) as Record<string, unknown>
  const require = (path: string) => modules[`m${names.indexOf(path)}`]
  const start = evaluate(own, ['require', 'Date', 'setTimeout', 'clearTimeout', 'crypto', 'Math', 'console'])
  return world => {
    const time = Object.assign(Object.create(Date), { now: world.now })
    const crypto = {
      getRandomValues: (list: Uint32Array) => list.map(() => Math.floor(world.random() * 2 ** 32)),
    }
    const chance = Object.assign(Object.create(Math), { random: world.random })
    return start({}, require, time, world.setTimeout, world.clearTimeout, crypto, chance, log) as Isolate
  }
}

async function bundle(options: object): Promise<string> {
  const { outputFiles } = await build({
    bundle: true,
    write: false,
    format: 'cjs',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    // As wrangler bundles: a package's code for Node is none of the worker's.
    conditions: ['import', 'workerd', 'worker', 'browser'],
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}

/** Leaves every module out that is not an isolate's own, and notes it. */
function share(shared: Set<string>): Plugin {
  return {
    name: 'share',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /.*/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (kind === 'entry-point' || pluginData === 'resolving') return null
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolving' })
        if (OWN.test(found.path)) return { path: found.path }
        shared.add(found.path)
        return { path: found.path, external: true }
      })
    },
  }
}

/** A module's text as a function of what it takes for global; answers what it exports. */
function evaluate(text: string, globals: string[]): (...given: unknown[]) => unknown {
  return new Function(
    'exports',
    ...globals,
    `const module = { exports };\n${text}\nreturn module.exports`,
  ) as never
}
