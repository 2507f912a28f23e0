/**
 * How small and how fast the script is, against its peers: bytes, main-thread time, what goes over the wire. Every
 * script is bundled alike and runs on the same page, turn by turn, so that whatever slows the machine slows them all.
 *
 * Options: `--rounds=15` loads of each, `--throttle=6` times slower CPU, `--only=fieldline,lux` scripts whose names hold
 * one of these, and the two yardsticks, `--beside=/tmp/older.js` other files, to compare a change with what was before,
 * `--write` only looks at what is exact, bytes and wire, and puts it into the README. At `--throttle=1` a load varies least.
 */

import { readFileSync } from 'node:fs'
import { launchBrowser } from '../../demo/local/browser.ts'
import { brotli } from '../../rollup.bytes.ts'
import { startChromium } from '../kit/chromium.ts'
import { quantile } from '../kit/client.ts'
import { type CallCost, costOf, type Seen, watchCalls } from './calls.ts'
import { type Cpu, measureCpu } from './cpu.ts'
import { openShop } from './page.ts'
import { loadScripts, type Script, WITH_CAUSES } from './peers.ts'
import { writePeers } from './peers-table.ts'
import { visit, type Wire } from './wire.ts'

/** Of the rounds, those in which API calls are made, too: under a slower CPU, and at full speed. */
const SLOW_CALL_ROUNDS = 5
const CALL_ROUNDS = 3
const VISITS = 3
/** The page without a script, and the script that all others are compared with. */
const NONE = 'no script'
const YARDSTICK = 'web-vitals alone'
/** What fieldline's scripts begin with, and the bench gives web-vitals, too: both are then compiled as they come. */
const COMPILE_ALL = '//# allFunctionsCalledOnLoad\n'

/** What was measured of each script, round by round. */
interface Measured {
  loads: Map<string, Cpu[]>
  slowCalls: Map<string, CallCost[]>
  calls: Map<string, CallCost[]>
}

export async function benchSdk(options: readonly string[]) {
  const textOf = (name: string) => options.find(option => option.startsWith(`--${name}=`))?.split('=')[1]
  const all = await loadScripts()
  if (options.includes('--write')) {
    const wires = await visitAll(all)
    writePeers(all, wires)
    return table(all, wires)
  }
  const only = textOf('only')?.split(',')
  const beside = (textOf('beside')?.split(',') ?? []).map(file => ({
    name: file,
    version: 'beside',
    code: readFileSync(file, 'utf8'),
  }))
  const scripts = [
    ...all.filter(
      ({ name }) =>
        name === YARDSTICK || name === WITH_CAUSES || !only || only.some(part => name.includes(part)),
    ),
    ...beside,
  ]
  const wires = await visitAll(scripts)
  const measured = await measureAll(scripts, Number(textOf('rounds') ?? 15), Number(textOf('throttle') ?? 6))
  return table(scripts, wires, measured)
}

/** What each script sends: the middle of some visits by bytes. These count nothing that a busy CPU changes. */
async function visitAll(scripts: readonly Script[]): Promise<Map<string, Wire>> {
  const seen = await Promise.all(
    Array.from({ length: VISITS }, async () => {
      const shop = await openShop(scripts)
      const chromium = await startChromium()
      const wires = new Map<string, Wire>()
      try {
        for (const { name } of scripts) wires.set(name, await visit(chromium, shop, name))
        return wires
      } finally {
        await chromium.close()
        await shop.close()
      }
    }),
  )
  return new Map(
    scripts.flatMap(({ name }) => {
      const wires = seen.flatMap(wires => wires.get(name) ?? []).toSorted((a, b) => a.bytes - b.bytes)
      const middle = wires[VISITS >> 1]
      return middle ? [[name, middle]] : []
    }),
  )
}

/** Every round loads the page with each script in turn, and without one. */
async function measureAll(scripts: readonly Script[], rounds: number, rate: number): Promise<Measured> {
  const names = [NONE, ...scripts.map(({ name }) => name)]
  const lists = <T>() => new Map<string, T[]>(names.map(name => [name, []]))
  const measured: Measured = { loads: lists(), slowCalls: lists(), calls: lists() }
  const shop = await openShop(scripts.map(hinted))
  const browser = await launchBrowser()
  const scriptOf = (name: string) => (name === NONE ? undefined : name)
  const callAll = async (costs: Map<string, CallCost[]>, rate: number) => {
    let without: Seen | undefined
    for (const [name, list] of costs) {
      const seen = await watchCalls(browser, shop, scriptOf(name), rate)
      without ??= seen
      list.push(costOf(seen, without))
    }
  }
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, list] of measured.loads)
        list.push(await measureCpu(browser, shop, scriptOf(name), rate))
      if (round < SLOW_CALL_ROUNDS) await callAll(measured.slowCalls, rate)
      if (round < CALL_ROUNDS) await callAll(measured.calls, 1)
      console.error(`sdk: round ${round + 1} of ${rounds}`)
    }
  } finally {
    await browser.close()
    await shop.close()
  }
  return measured
}

/** A row for each script; ms and us are medians of the main thread's time, `later` a part of the us before it. */
function table(scripts: readonly Script[], wires: Map<string, Wire>, measured?: Measured) {
  const rows: Record<string, Record<string, string | number | null>> = {}
  for (const { name, version, code } of scripts) {
    const wire = wires.get(name)
    rows[name] = {
      version,
      'brotli B': brotli(code),
      ...(measured && times(name, measured)),
      requests: wire?.requests ?? null,
      'of them preflights': wire?.preflights ?? null,
      'wire B': wire?.bytes ?? null,
      vitals: wire?.vitals?.join(' ') ?? 'unknown',
      'calls of 3': wire?.calls ?? null,
    }
  }
  return rows
}

function times(name: string, { loads, slowCalls, calls }: Measured) {
  const load = (name: string, of: keyof Cpu) => median((loads.get(name) ?? []).map(cpu => cpu[of]))
  const slow = slowCalls.get(name) ?? []
  return {
    'load ms': round(load(name, 'own'), 1),
    'x web-vitals': round(load(name, 'own') / load(YARDSTICK, 'own'), 2),
    'x with attribution': round(load(name, 'own') / load(WITH_CAUSES, 'own'), 2),
    'longest run ms': round(load(name, 'longest'), 1),
    'load ms over none': round(load(name, 'load') - load(NONE, 'load'), 1),
    'us a call': round(median(slow.map(sum)), 1),
    later: round(median(slow.map(({ later }) => later)), 1),
    'us a call at full speed': round(median((calls.get(name) ?? []).map(sum)), 1),
  }
}

function hinted(script: Script): Script {
  return script.name.startsWith('web-vitals') ? { ...script, code: COMPILE_ALL + script.code } : script
}

function sum({ inCall, later }: CallCost): number {
  return inCall + later
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
