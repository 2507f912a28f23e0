/** The programs that the setup runs: arguments go in, what they print comes out, an error says what they said. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

/** Runs wrangler; `advice` is what to do where it fails, `input` what it reads. */
export function wrangler(args: string[], advice?: string, input?: string): Promise<string> {
  return run(process.execPath, [WRANGLER, ...args], advice, input)
}

export function npm(args: string[]): Promise<string> {
  return run('npm', args)
}

function run(program: string, args: string[], advice?: string, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    // With CI wrangler asks nothing: what is to be decided has been.
    const env = { ...process.env, CI: 'true', WRANGLER_HIDE_BANNER: 'true', NO_COLOR: '1' }
    const options = { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${stdout}${stderr}${advice ? `\n${advice}` : ''}`))
      else resolve(stdout)
    })
    child.stdin?.end(input)
  })
}
