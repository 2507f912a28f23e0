/**
 * What the edge knows of a visitor beyond the beacon, in coarse families. The address and the full user agent are read here and kept nowhere.
 */

import Bowser from 'bowser'
import { remember } from '../memory.ts'

export interface Visitor {
  /** ISO 3166-1 alpha-2, or Cloudflare's T1 (Tor); null where unknown. */
  country: string | null
  device: 'phone' | 'tablet' | 'desktop'
  /** Family without version: Chrome, Safari, Firefox. */
  browser: string | null
  browserVersion: number | null
  os: string | null
}

/** User agents differ little among visitors; an isolate remembers the last few. */
const MAX_AGENTS = 500
const agents = new Map<string, Omit<Visitor, 'country'>>()

/** Describes the visitor. `touch` tells an iPad, whose user agent says Macintosh, from a Mac. */
export function describe(userAgent: string, touch: boolean, country: string | null | undefined): Visitor {
  return { country: country && /^[A-Z][A-Z0-9]$/.test(country) ? country : null, ...family(userAgent, touch) }
}

function family(userAgent: string, touch: boolean): Omit<Visitor, 'country'> {
  const key = `${touch} ${userAgent}`
  const known = agents.get(key)
  if (known) return known
  const parsed = userAgent ? Bowser.parse(userAgent) : null
  const ipad = touch && parsed?.os.name === 'macOS'
  const device = ipad ? 'tablet' : parsed?.platform.type
  const version = Number.parseInt(parsed?.browser.version ?? '', 10)
  const found = {
    device: device === 'mobile' ? 'phone' : device === 'tablet' ? 'tablet' : 'desktop',
    browser: parsed?.browser.name || null,
    browserVersion: Number.isNaN(version) ? null : version,
    os: (ipad ? 'iPadOS' : parsed?.os.name) || null,
  } as const
  remember(agents, key, found, MAX_AGENTS)
  return found
}
