/**
 * SvelteKit: in `+layout.svelte`, `afterNavigate(fieldline({ site: 'shop', endpoint }))` names page views by the folders of
 * the routes.
 */

import { init, setRoute } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { nameOf } from './name.ts'

interface Navigation {
  to: { route: { id: string | null } } | null
}

/** What `afterNavigate` calls; its first call is that of the page's load. */
export function fieldline(options: InitOptions): (navigation: Navigation) => void {
  return ({ to }) => {
    const id = to?.route.id
    const route = typeof id === 'string' ? nameOf(id) : undefined
    init({ route, ...options })
    if (route) setRoute(route)
  }
}
