/**
 * React Router: `const router = start(createBrowserRouter(routes), { site: 'shop', endpoint })` names page views by the paths of
 * the routes that match. In framework mode, where the router is not to be had, `nameByParams(location.pathname, useParams())` does.
 */

import { init, setRoute } from '../index.ts'
import type { InitOptions } from '../settings.ts'
import { nameOf } from './name.ts'

export { nameByParams } from './name.ts'

interface State {
  location: { pathname: string }
  navigation: { state: string }
  matches: readonly { route: { path?: string | undefined } }[]
}
interface DataRouter {
  state: State
  subscribe(run: (state: State) => void): unknown
}

/** Starts measuring, and names each page view once its address is the new one. Answers the router, for `RouterProvider`. */
export function start<Router extends DataRouter>(router: Router, options: InitOptions): Router {
  const name = ({ matches }: State): string => nameOf(matches.map(({ route }) => route.path ?? '').join('/'))
  let named = ''
  init({ route: name(router.state), ...options })
  router.subscribe(state => {
    if (state.navigation.state !== 'idle' || state.location.pathname === named) return
    named = state.location.pathname
    // The router tells its subscribers before it changes the address.
    setTimeout(() => setRoute(name(state)))
  })
  return router
}
