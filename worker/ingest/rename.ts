/** Naming rules at the edge: a page view gets the team's own names, and loses the calls that the rules ignore. */

import { pageName } from '../../schema/domain/names.ts'
import type { PageView } from '../../schema/wire/pageview.ts'
import { cutText, MAX_ENDPOINT, MAX_ROUTE } from '../../schema/wire/values.ts'
import { namerOf } from '../site/naming.ts'
import type { Site } from '../site/sites.ts'

/** Null where the page view is ignored. An ignored call is counted nowhere. */
export function renamed(view: PageView, site: Pick<Site, 'id' | 'naming'>): PageView | null {
  const name = namerOf(site)
  if (!name) return view
  const route = name('route', view.route).name
  if (route === null) return null
  const calls = view.calls.flatMap(call => {
    const endpoint = name('endpoint', call.endpoint).name
    return endpoint === null ? [] : [{ ...call, endpoint: pageName(cutText(endpoint, MAX_ENDPOINT)) }]
  })
  return { ...view, route: pageName(cutText(route, MAX_ROUTE)), calls }
}
