/**
 * web-vitals as pages load it: the version that the SDK holds and, where the registry can be asked, the newest.
 * `WEB_VITALS=6.2.2` asks for another one.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Published {
  version: string
  /** Defines `webVitals`. */
  code: string
}

const INSTALLED = new URL('../../node_modules/web-vitals/', import.meta.url).pathname
const VITAL_TIMEOUT = 20_000

/** The installed version first. Another one only where it differs. */
export function publishedWebVitals(): [Published, ...Published[]] {
  const installed = read(INSTALLED)
  const newest = download(process.env.WEB_VITALS ?? 'latest')
  return newest && newest.version !== installed.version ? [installed, newest] : [installed]
}

function download(version: string): Published | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'fieldline-web-vitals-'))
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', timeout: VITAL_TIMEOUT, stdio: 'pipe' })
  try {
    const tarball = run('npm', 'pack', `web-vitals@${version}`, '--ignore-scripts', '--silent').trim()
    run('tar', '-xzf', tarball)
    return read(join(folder, 'package'))
  } catch {
    console.warn(`web-vitals@${version} cannot be had here: compared with the installed version alone`)
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function read(folder: string): Published {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { version, code: readFileSync(join(folder, 'dist/web-vitals.iife.js'), 'utf8') }
}
