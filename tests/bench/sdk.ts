/**
 * How small and how fast the script is, against its peers: bytes, main-thread time, what goes over the wire. Every
 * script is bundled alike and runs on the same page, turn by turn, so that whatever slows the machine slows them all.
 *
 * Options: `--rounds=15` loads of each, `--throttle=6` times slower CPU, `--write` only looks at what is exact, bytes
 * and wire, and puts it into the README.
 */

import { launchBrowser } from '../../demo/browser.ts'
import { startChromium } from '../browser/chromium.ts'
import { brotli } from './bytes.ts'
import { quantile } from './client.ts'
import { CALLS, type Cpu, measureCpu } from './cpu.ts'
import { openShop, type Shop } from './page.ts'
import { loadScripts, type Script } from './peers.ts'
import { writePeers } from './peers-table.ts'
import { visit, type Wire } from './wire.ts'

/** Of the rounds, those in which API calls are made, too: a thousand calls steady themselves. */
const CALL_ROUNDS = 5
const VISITS = 3
/** The page without a script, and the script that all others are compared with. */
const NONE = 'no script'
const YARDSTICK = 'web-vitals alone'

export async function benchSdk(options: readonly string[]) {
  const numberOf = (name: string, usual: number) =>
    Number(options.find(option => option.startsWith(`--${name}=`))?.split('=')[1] ?? usual)
  const scripts = await loadScripts()
  const shop = await openShop(scripts)
  try {
    const wires = await visitAll(shop, scripts)
    if (options.includes('--write')) {
      writePeers(scripts, wires)
      return table(scripts, wires, new Map())
    }
    const cpu = await measureAll(shop, scripts, numberOf('rounds', 15), numberOf('throttle', 6))
    return table(scripts, wires, cpu)
  } finally {
    await shop.close()
  }
}

/** What each script sends: the middle of some visits by bytes. */
async function visitAll(shop: Shop, scripts: readonly Script[]): Promise<Map<string, Wire>> {
  const chromium = await startChromium()
  const wires = new Map<string, Wire>()
  try {
    for (const { name } of scripts) {
      const seen: Wire[] = []
      for (let i = 0; i < VISITS; i++) seen.push(await visit(chromium, shop, name))
      const middle = seen.toSorted((a, b) => a.bytes - b.bytes)[VISITS >> 1]
      if (middle) wires.set(name, middle)
    }
  } finally {
    await chromium.close()
  }
  return wires
}

/** Every round loads the page with each script in turn, and without one. */
async function measureAll(
  shop: Shop,
  scripts: readonly Script[],
  rounds: number,
  rate: number,
): Promise<Map<string, Cpu[]>> {
  const browser = await launchBrowser()
  const measured = new Map<string, Cpu[]>([NONE, ...scripts.map(({ name }) => name)].map(name => [name, []]))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, list] of measured) {
        const script = name === NONE ? undefined : name
        list.push(await measureCpu(browser, shop, script, { rate, calls: round < CALL_ROUNDS }))
      }
      console.error(`sdk: round ${round + 1} of ${rounds}`)
    }
  } finally {
    await browser.close()
  }
  return measured
}

/** A row for each script; ms and us are medians of the main thread's CPU time. */
function table(scripts: readonly Script[], wires: Map<string, Wire>, cpu: Map<string, Cpu[]>) {
  const median = (name: string, of: keyof Cpu) =>
    quantile(
      (cpu.get(name) ?? []).flatMap(measured => measured[of] ?? []),
      0.5,
    )
  const rows: Record<string, Record<string, string | number | null>> = {}
  for (const { name, version, code } of scripts) {
    const wire = wires.get(name)
    rows[name] = {
      version,
      'brotli B': brotli(code),
      ...(cpu.size && {
        'load ms': round(median(name, 'own'), 1),
        'x web-vitals': round(median(name, 'own') / median(YARDSTICK, 'own'), 2),
        'load ms over none': round(median(name, 'load') - median(NONE, 'load'), 1),
        'us a call': round(((median(name, 'calls') - median(NONE, 'calls')) / CALLS) * 1000, 0),
      }),
      requests: wire?.requests ?? null,
      'of them preflights': wire?.preflights ?? null,
      'wire B': wire?.bytes ?? null,
      vitals: wire?.vitals?.join(' ') ?? 'unknown',
      'calls of 3': wire?.calls ?? null,
    }
  }
  return rows
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
