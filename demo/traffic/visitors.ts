/** Who visits the imagined shop: devices with their browsers, countries with their networks. */

import type { Connection } from '../../schema/wire/pageview.ts'
import type { Random } from './random.ts'

export interface Visitor {
  userAgent: string
  country: string
  connection: Connection | null
  touch: boolean
  phone: boolean
  /** How much longer the network takes than a good one. */
  network: number
  /** How much longer the processor takes than a laptop's. */
  processor: number
  /** What this browser does not measure. */
  lacks: readonly ('inp' | 'cls')[]
  /** Only Chromium names the script of an interaction. */
  chromium: boolean
}

interface Device {
  userAgent: string
  touch: boolean
  phone: boolean
  processor: number
  /** Only Chromium tells the connection. */
  chromium: boolean
  lacks: Visitor['lacks']
}

const chrome = (platform: string, tail: string) =>
  `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 ${tail}`

const device = (
  userAgent: string,
  processor: number,
  touch: boolean,
  lacks: Device['lacks'] = [],
): Device => ({
  ...{ userAgent, touch, processor, lacks },
  phone: userAgent.includes('Mobile'),
  chromium: userAgent.includes('Chrome/'),
})

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1'
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Safari/605.1.15'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0'

/** The slow phone is a device of its own: it is what p95 is made of. */
const DEVICES: readonly (readonly [Device, number])[] = [
  [device(chrome('Linux; Android 10; K', 'Mobile Safari/537.36'), 2.2, true), 30],
  [device(chrome('Linux; Android 10; K', 'Mobile Safari/537.36'), 4.5, true), 8],
  [device(IPHONE, 1.3, true, ['cls']), 20],
  [device(chrome('Windows NT 10.0; Win64; x64', 'Safari/537.36'), 1.2, false), 20],
  [device(chrome('Windows NT 10.0; Win64; x64', 'Safari/537.36 Edg/146.0.0.0'), 1.2, false), 6],
  [device(MAC, 1, false, ['cls']), 6],
  [device(FIREFOX, 1.1, false, ['cls']), 4],
  // An iPad calls itself a Mac; only the touch screen tells.
  [device(MAC, 1.2, true, ['cls']), 4],
  [device(chrome('Linux; Android 10; K', 'Safari/537.36'), 2, true), 2],
]

interface Country {
  code: string
  network: number
  connections: readonly (readonly [Connection, number])[]
}

const country = (code: string, network: number, [g4, g3, g2]: [number, number, number]): Country => ({
  code,
  network,
  connections: [
    ['4g', g4],
    ['3g', g3],
    ['2g', g2],
  ],
})

const COUNTRIES: readonly (readonly [Country, number])[] = [
  [country('DE', 1, [94, 5, 1]), 34],
  [country('FR', 1.1, [93, 6, 1]), 14],
  [country('GB', 1.1, [94, 5, 1]), 12],
  [country('US', 1.5, [92, 7, 1]), 16],
  [country('PL', 1.2, [90, 9, 1]), 7],
  [country('BR', 2.1, [78, 18, 4]), 7],
  [country('IN', 2.4, [70, 24, 6]), 8],
  [country('JP', 1.9, [97, 3, 0]), 2],
]

const CONNECTION_DELAY: Record<Connection, number> = { '4g': 1, '3g': 2.4, '2g': 5, 'slow-2g': 9 }

export function visitor(random: Random): Visitor {
  const { userAgent, touch, phone, processor, chromium, lacks } = random.pick(DEVICES)
  const { code, network, connections } = random.pick(COUNTRIES)
  // A fast line is still felt through a phone, and a slow one exists also where the browser does not tell it.
  const connection = touch ? random.pick(connections) : '4g'
  return {
    userAgent,
    country: code,
    connection: chromium ? connection : null,
    touch,
    phone,
    network: network * CONNECTION_DELAY[connection] * random.logNormal(1, 0.25),
    processor: processor * random.logNormal(1, 0.2),
    lacks,
    chromium,
  }
}
