/**
 * The browsers beside Chromium: finds Firefox and WebKitGTK, and installs by apt what is missing where it runs as root.
 * Where one cannot be had, its tests are skipped with a line that says what to install; in CI they fail.
 */

import { spawnSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { findBrowser, isProgram } from '../../demo/local/browser.ts'

/** Each program with the names and places it may have, and the Debian package that holds it. */
const PROGRAMS = {
  firefox: {
    names: ['firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
    package: 'firefox-esr',
  },
  webkit: { names: ['WebKitWebDriver'], package: 'webkit2gtk-driver' },
  xvfb: { names: ['Xvfb'], package: 'xvfb' },
} as const

type Program = keyof typeof PROGRAMS

/** Before the tests, since it may take longer than a test may. */
export default function install(): void {
  findBrowser()
  const missing = (Object.keys(PROGRAMS) as Program[]).filter(name => !find(name))
  if (!missing.length) return
  const packages = missing.map(name => PROGRAMS[name].package)
  if (process.getuid?.() === 0) {
    console.error(`Installing ${packages.join(', ')} with apt-get, for the tests in other browsers.`)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]])
      spawnSync('apt-get', ['-q', ...args], { env, stdio: 'ignore', timeout: 600_000 })
  }
  for (const name of missing)
    if (!find(name)) {
      const line = `${PROGRAMS[name].package} is not installed`
      if (process.env.CI) throw new Error(`${line}: CI runs the tests in every browser.`)
      console.error(
        `${line}: the tests that need it are skipped. On Debian: apt-get install ${PROGRAMS[name].package}`,
      )
    }
}

/** The path of a program; undefined where it is not installed. */
export function find(name: Program): string | undefined {
  const folders = ['', ...(process.env.PATH ?? '').split(delimiter).filter(Boolean)]
  return PROGRAMS[name].names
    .flatMap(name => (name.startsWith('/') ? [name] : folders.map(folder => join(folder, name))))
    .find(isProgram)
}
