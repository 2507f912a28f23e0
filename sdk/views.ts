/**
 * The page views of one document: its own load, each return from the back/forward cache, each soft navigation.
 * What is observed finds here the page view to which it belongs, by time.
 */

import { MAX_CALLS } from '../schema/beacon.ts'
import type { ApiCall, Navigation } from '../schema/pageview.ts'
import { routeName, template } from '../schema/route.ts'
import { navigationType, navigationUrl } from './navigation.ts'
import { openView, type View } from './pageview.ts'
import type { Settings } from './settings.ts'

/** Page views kept for what is reported late. */
const KEPT = 8

interface Name {
  _time: number
  _path: string
  _route: string
}

export interface Views {
  /** Oldest first; the last one is the current one. */
  _list: View[]
  /** Begins a page view at `start`; null where it lies before the current one. */
  _open(start: number, navigation: Navigation, url: string): View | undefined
  _addCall(call: ApiCall): void
  /** Names the current route. */
  _name(route: string): void
  _routeOf(view: View): string
  /** Called when a soft navigation has ended a page view. */
  _onEnd: () => void
}

export function trackViews({ _rate, _route }: Settings): Views {
  const list = [openView(0, navigationType(), navigationUrl(), _rate)]
  const names: Name[] = []

  const open = (start: number, navigation: Navigation, url: string): View | undefined => {
    const last = list[list.length - 1]
    if (last && start <= last._start) return
    const view = openView(start, navigation, url, _rate)
    if (list.push(view) > KEPT) list.shift()
    // A soft navigation is known some time after it began: what came in between is the new page view's.
    const early = last?._calls.filter(call => call.start >= start)
    if (last && early) {
      last._calls = last._calls.filter(call => call.start < start)
      last._counted -= early.length
      early.forEach(addCall)
    }
    views._onEnd()
    return view
  }

  const addCall = (call: ApiCall): void => {
    for (let i = list.length; i--; ) {
      const view = list[i]
      if (view && view._start <= call.start) {
        if (view._counted++ < MAX_CALLS) view._calls.push(call)
        return
      }
    }
  }

  const name = (route: string, time = performance.now()): void => {
    const _route = routeName(route)
    if (_route && names.push({ _time: time, _path: location.pathname, _route }) > KEPT * 2) names.shift()
  }

  const routeOf = (view: View): string => {
    const next = list[list.indexOf(view) + 1]
    const given = names.filter(name => name._time >= view._start && (!next || name._time < next._start))
    // The address may have moved on already while the page view has not: then the name is the next one's.
    const own = given.filter(name => name._path === view._path).pop() ?? given[0]
    return own?._route ?? template(view._path)
  }

  if (_route) name(_route, 0)

  // Before web-vitals, which reports to the page view that begins here.
  addEventListener(
    'pageshow',
    event => {
      if (!event.persisted) return
      const last = list[list.length - 1]
      open(event.timeStamp, 'back-forward-cache', location.href)
      if (last) name(routeOf(last), event.timeStamp)
    },
    true,
  )

  const views: Views = {
    _list: list,
    _open: open,
    _addCall: addCall,
    _name: name,
    _routeOf: routeOf,
    _onEnd() {},
  }
  return views
}
