/** `npm run build`, silent unless it fails. */

import { spawnSync } from 'node:child_process'
import { ROOT } from './wrangler.ts'

/** Throws with what the build printed where it fails. */
export function build(): void {
  const { status, error, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: ROOT,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`)
}
