/** The programs that the setup runs. Each is printed as a person would type it. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

/** Runs wrangler; `input` is what it reads. Throws what it printed where it fails. */
export function wrangler(args: string[], input?: string): Promise<string> {
  return run(`npx wrangler ${args.join(' ')}`, process.execPath, [WRANGLER, ...args], input)
}

export function npm(args: string[]): Promise<string> {
  return run(`npm ${args.join(' ')}`, 'npm', args)
}

function run(typed: string, program: string, args: string[], input = ''): Promise<string> {
  console.log(`  $ ${typed}`)
  return new Promise((resolve, reject) => {
    // With CI wrangler asks nothing: what is to be decided has been.
    const env = { ...process.env, CI: 'true', WRANGLER_HIDE_BANNER: 'true', NO_COLOR: '1' }
    const options = { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024, shell: false }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${typed} failed:\n${stdout}${stderr}`.trimEnd()))
      else resolve(stdout)
    })
    // It may have ended without reading.
    child.stdin?.on('error', () => {}).end(input)
  })
}
