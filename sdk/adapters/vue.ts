/**
 * Vue Router: `app.use(router).use(fieldline(router, { site: 'shop', endpoint }))` names page views as the router names its
 * routes.
 */

import { init, setRoute } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { nameOf } from './name.ts'

interface Route {
  matched: readonly { path: string }[]
}
interface VueRouter {
  currentRoute: { value: Route }
  afterEach(run: (to: Route, from: Route, failure?: unknown) => void): unknown
}

/** A plugin for `app.use`. */
export function fieldline(router: VueRouter, options: InitOptions): { install(): void } {
  return {
    install() {
      start(router, options)
    },
  }
}

/** Starts measuring, and names each page view once its address is the new one. */
export function start(router: VueRouter, options: InitOptions): void {
  const name = ({ matched }: Route): string | undefined => {
    const path = matched[matched.length - 1]?.path
    return path === undefined ? undefined : nameOf(path)
  }
  init({ route: name(router.currentRoute.value), ...options })
  router.afterEach((to, _from, failure) => {
    const route = name(to)
    if (!failure && route) setRoute(route)
  })
}
