/**
 * The page views of one document: its own load, each return from the back/forward cache, each soft navigation.
 * What is observed finds here the page view to which it belongs, by time.
 */

import { MAX_MARKS } from '../schema/beacon.ts'
import type { Navigation } from '../schema/pageview.ts'
import { routeName, template } from '../schema/route.ts'
import { navigationType, navigationUrl, softNavigations } from './navigation.ts'
import { openView, type View } from './pageview.ts'
import type { Settings } from './settings.ts'
import { wrap } from './wrap.ts'

/** ms after a soft navigation at which all is known of the page view before. */
export const SETTLED = 2000
/** ms within which leaving, begun, cuts off calls: Firefox does so at once, Chromium when the page hides. */
export const CUT = 200
/** Page views kept for what is reported late, and names of their routes: some pages name one at each render. */
const KEPT = 8
const NAMES = 256

interface Name {
  _time: number
  _path: string
  _route: string
}

export interface Views {
  /** Oldest first. */
  _list: View[]
  /** The current one. */
  _last: View
  /** Begins a page view at `start`, which is after the current one's. */
  _open(start: number, navigation: Navigation, url: string): View
  /** The page view to which a time belongs. */
  _at(time: number): View | undefined
  /** Names the current route. */
  _name(route: string): void
  _mark(name: string, value?: number, time?: number): void
  _routeOf(view: View): string
  /** When the page hid last; below 0: never. */
  _hidden: number
  /** Reads what observers hold back as the page hides. */
  _read?: () => void
  _consent(granted: boolean): void
  /** Called when there is something new to say; `wait` ms after now it is final. */
  _onChange(wait?: number): void
}

export function trackViews(settings: Settings): Views {
  const { _rate, route } = settings
  const first = openView(0, navigationType(), navigationUrl(), _rate)
  const list = [first]
  const names: Name[] = []

  const open = (start: number, navigation: Navigation, url: string): View => {
    const last = views._last
    const view = openView(start, navigation, url, _rate)
    if (list.push(view) > KEPT) list.shift()
    // A soft navigation is known some time after it began: what came in between is the new page view's.
    const part = <T extends { start: number }>(all: T[]): [before: T[], since: T[]] => [
      all.filter(one => one.start < start),
      all.filter(one => one.start >= start),
    ]
    ;[last._calls, view._calls] = part(last._calls)
    ;[last._marks, view._marks] = part(last._marks)
    view._taken = view._calls.length
    view._marked = view._marks.length
    if (navigation === 'back-forward-cache') name(routeOf(last), start)
    views._last = view
    views._onChange(SETTLED)
    return view
  }

  const at = (time: number): View | undefined => list.filter(view => view._start <= time).pop()

  const mark = (name: string, value?: number, time = performance.now()): void => {
    const view = at(time)
    if (view && view._marked++ < MAX_MARKS) view._marks.push({ name, value: value && +value, start: time })
    views._onChange()
  }

  const consent = (granted: boolean): void => {
    settings._consent = granted
    // The page views so far are as if they had not been drawn.
    if (!granted) for (const view of list) view._weight = view._calls.length = view._marks.length = 0
    views._onChange(0)
  }

  const name = (route: string, time = performance.now()): void => {
    const _route = routeName(route)
    if (_route && names.push({ _time: time, _path: location.pathname, _route }) > NAMES) names.shift()
    views._onChange()
  }

  const routeOf = (view: View): string => {
    const given = names.filter(name => at(name._time) === view)
    // The address may have moved on already while the page view has not: then the name is the next one's.
    const own = given.filter(name => name._path === view._path).pop() ?? given[0]
    return own?._route ?? template(view._path)
  }

  // Where the browser tells no soft navigation, a new path begins a page view without vitals. What comes before
  // the visitor has touched the page is part of its load: a redirect, a framework that tidies the address.
  let path = location.pathname
  const onMove = (): void => {
    if (path === location.pathname) return
    path = location.pathname
    if (navigator.userActivation?.hasBeenActive !== false)
      open(performance.now(), 'soft-navigation', location.href)
  }
  const { navigation } = window
  if (!softNavigations())
    if (navigation) navigation.addEventListener('currententrychange', onMove)
    else {
      addEventListener('popstate', onMove)
      wrap(History.prototype, 'pushState', onMove)
    }

  const views: Views = {
    _last: first,
    _list: list,
    _open: open,
    _at: at,
    _name: name,
    _routeOf: routeOf,
    _mark: mark,
    _hidden: -CUT,
    _consent: consent,
    _onChange() {},
  }
  if (route) name(route, 0)
  return views
}
