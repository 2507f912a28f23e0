/**
 * The scripts that are compared: an entry of tests/bench/peers or a file of dist goes in, code as a page loads it and
 * its version come out. The peers' packages are installed on first use, and only there.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import terser from '@rollup/plugin-terser'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { OWN } from '../kit/figures.ts'

export interface Script {
  name: string
  version: string
  code: string
}

/** No peers, but measures: the least that a call costs where its entries are wanted, and web-vitals with its causes. */
export const FLOOR = 'web-vitals + observer'
export const WITH_CAUSES = 'web-vitals with attribution'

/** What each entry of tests/bench/peers stands for: its package, and the name of its row. */
const ENTRIES = {
  'web-vitals': ['web-vitals', 'web-vitals alone'],
  'hand-written': ['web-vitals', 'web-vitals + hand-written'],
  observer: ['web-vitals', FLOOR],
  attribution: ['web-vitals', WITH_CAUSES],
  lux: ['@speedcurve/lux', 'lux'],
  elastic: ['@elastic/apm-rum', 'Elastic'],
  faro: ['@grafana/faro-web-sdk', 'Faro'],
  sentry: ['@sentry/browser', 'Sentry'],
  datadog: ['@datadog/browser-rum-slim', 'Datadog slim'],
} satisfies Record<string, [packageName: string, name: string]>

const FOLDER = join(import.meta.dirname, 'peers')

/** All scripts, the yardstick first: fieldline as `npm run build` left it, the peers bundled here, all alike. */
export async function loadScripts(): Promise<Script[]> {
  install()
  const peers: Script[] = []
  for (const [entry, [packageName, name]] of Object.entries(ENTRIES))
    peers.push({ name, version: versionOf(packageName), code: await bundle(entry) })
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const own = Object.entries(OWN).map(([name, file]) => ({ name, version, code: readFileSync(file, 'utf8') }))
  return [...peers.slice(0, 1), ...own, ...peers.slice(1)]
}

function install(): void {
  const lock = join(FOLDER, 'package-lock.json')
  const stamp = join(FOLDER, 'node_modules/.package-lock.json')
  const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages
  const there = existsSync(stamp) ? JSON.parse(readFileSync(stamp, 'utf8')).packages : {}
  if (Object.keys(wanted).every(name => !name || there[name]?.version === wanted[name].version)) return
  console.error('Installing the peers into tests/bench/peers.')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: FOLDER,
    stdio: 'inherit',
  })
}

function versionOf(packageName: string): string {
  return JSON.parse(readFileSync(join(FOLDER, 'node_modules', packageName, 'package.json'), 'utf8')).version
}

/** esbuild bundles, since some peers are CommonJS; rollup and terser shake and shorten, as they do fieldline. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(FOLDER, `${entry}.js`)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2020',
    define: { 'process.env.NODE_ENV': '"production"', __SENTRY_DEBUG__: 'false' },
    logLevel: 'error',
  })
  const input = { name: 'input', resolveId: (id: string) => id, load: () => outputFiles[0]?.text ?? '' }
  const built = await rollup({ input: entry, plugins: [input], logLevel: 'silent' })
  const minify = terser({
    ecma: 2020,
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true },
    // Private names, which only web-vitals marks like this and is made for.
    ...(ENTRIES_OF_WEB_VITALS.has(entry) ? { mangle: { properties: { regex: /^_/ } } } : {}),
    format: { comments: false },
  })
  const { output } = await built.generate({ format: 'iife', plugins: [minify] })
  await built.close()
  return output[0].code
}

const ENTRIES_OF_WEB_VITALS = new Set(['web-vitals', 'hand-written', 'observer', 'attribution'])
