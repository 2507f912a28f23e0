/**
 * Wrangler as a child process: run to its end (`runWrangler`) or kept until it is stopped (`spawnWrangler`).
 * It leads a process group of its own, so that stopping it also stops the workerd below it.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** The folder of the repository. */
export const ROOT = join(import.meta.dirname, '../..')
const CLI = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
/** How long a stopping wrangler may take before it is killed, in ms. */
const GRACE = 5_000

const ENV = {
  ...process.env,
  CI: 'true',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  NO_COLOR: '1',
}

/** Runs wrangler to its end. Throws with what it printed where it fails. */
export function runWrangler(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, ...args], { cwd: ROOT, env: ENV }, (error, stdout, stderr) => {
      if (error) reject(new Error(`wrangler ${args.join(' ')} failed:\n${stdout}${stderr}`))
      else resolve()
    })
  })
}

/** Starts wrangler; `say` hears every line that it prints. */
export function spawnWrangler(args: string[], say: (line: string) => void): ChildProcess {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: ROOT,
    env: ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(say)
    })
  }
  return child
}

/** Stops wrangler and all that it started; resolves when it is gone. */
export async function stopWrangler(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return killGroup(child, 'SIGKILL')
  const gone = once(child, 'exit')
  killGroup(child, 'SIGTERM')
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE)
  await gone
  clearTimeout(timer)
  killGroup(child, 'SIGKILL')
}

/** Kills wrangler and all that it started, at once. */
export function killWrangler(child: ChildProcess): void {
  killGroup(child, 'SIGKILL')
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    if (process.platform === 'win32') execFile('taskkill', ['/pid', String(pid), '/T', '/F'])
    else process.kill(-pid, signal)
  } catch {
    // Nothing of the group is left.
  }
}
