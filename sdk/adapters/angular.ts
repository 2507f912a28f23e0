/**
 * Angular: `provideAppInitializer(() => start(inject(Router), { site: 'shop', endpoint }))` names page views by the paths of
 * the routes that match.
 */

import { init, setRoute } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { nameOf } from './name.ts'

/** https://angular.dev/api/router/EventType */
const NAVIGATION_END = 1

interface Snapshot {
  routeConfig: { path?: string | undefined } | null
  firstChild: Snapshot | null
}
interface AngularRouter {
  events: { subscribe(run: (event: object) => void): unknown }
  routerState: { snapshot: { root: Snapshot } }
}

/** Starts measuring, and names each page view once its address is the new one. */
export function start(router: AngularRouter, options: InitOptions): void {
  init(options)
  router.events.subscribe(event => {
    if (!('type' in event) || event.type !== NAVIGATION_END) return
    const paths: string[] = []
    // Each navigation makes a state of its own.
    for (let at: Snapshot | null = router.routerState.snapshot.root; at; at = at.firstChild)
      paths.push(at.routeConfig?.path ?? '')
    setRoute(nameOf(paths.join('/')))
  })
}
