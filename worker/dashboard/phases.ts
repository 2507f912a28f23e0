/** Load phases in words: each is named after the moment at which it ends. */

import type { Phase } from '../../schema/domain/metrics.ts'

const WORDS: { [name: string]: string } = {
  dns: 'DNS resolved',
  connect: 'Connected',
  request: 'Request started',
  response: 'Response received',
  interactive: 'HTML parsed',
  loaded: 'DOM content loaded',
  load: 'Load event',
} satisfies Record<Phase, string>

/** `Load event` of `phase:load`, `cart.ready` of `custom:cart.ready`. */
export function measureName(measure: string): string {
  const [family, name = ''] = measure.split(/:(.*)/s)
  return (family === 'phase' && WORDS[name]) || name
}
