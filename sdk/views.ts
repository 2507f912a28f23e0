/**
 * The page views of one document: its own load, each return from the back/forward cache, each change of path that the
 * visitor caused. What is observed finds here the page view to which it belongs, by time.
 */

import { routeName, template } from '../schema/domain/route.ts'
import { MAX_MARKS } from '../schema/wire/beacon.ts'
import type { Navigation } from '../schema/wire/pageview.ts'
import { navigationType } from './navigation.ts'
import { openView, type View } from './pageview.ts'
import type { Settings } from './settings.ts'
import { wrap } from './wrap.ts'

/** ms after a soft navigation at which all is known of the page view before. */
export const SETTLED = 2000
/** ms within which leaving, begun, cuts off calls: Firefox does so at once, Chromium when the page hides. */
export const CUT = 200
/** ms within which what the page does with its address is taken for the consequence of what the visitor did. */
const CAUSED = 10_000
/** ms after a scroll within which the address follows it: handlers of scrolling wait so long. */
const FOLLOWS = 300
/** Page views kept for what is reported late. */
const KEPT = 8

export interface Views {
  /** Oldest first. */
  _list: View[]
  /** The current one. */
  _last: View
  /** Begins a page view at `start`, which is after the current one's. */
  _open(start: number, navigation: Navigation): View
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
  /** Says what is still to be said of calls, before beacons leave; as the page hides, of all. */
  _settle?: (leaving: boolean) => void
  _consent(granted: boolean): void
  /** Called when there is something new to say; `wait` ms after now it is final. */
  _onChange(wait?: number): void
}

export function trackViews(settings: Settings): Views {
  const { _rate, route, routeBy = '' } = settings

  /** What a page view is named by: the path, and what the page is routed by beside it. */
  const address = (): string => {
    const { pathname, hash, search } = location
    const [by, key = ''] = routeBy.split(':')
    const part = by === 'hash' ? hash : by === 'query' ? new URLSearchParams(search).get(key) : ''
    // Of `#!/users/5?token=...` the path alone.
    const [, more] = /^#?!?([^?&#=]*)/.exec(part ?? '') ?? []
    return more ? `${pathname}/${more}`.replace(/\/\/+/g, '/') : pathname
  }
  let path = address()
  const first = openView(0, navigationType(), path, _rate)
  const list = [first]

  const open = (start: number, navigation: Navigation): View => {
    const last = views._last
    const view = openView(start, navigation, path, _rate)
    if (list.push(view) > KEPT) list.shift()
    // The page view begins with what the visitor did: what came since is the new one's.
    const part = <T extends { start: number }>(all: T[]): [before: T[], since: T[]] => [
      all.filter(one => one.start < start),
      all.filter(one => one.start >= start),
    ]
    ;[last._calls, view._calls] = part(last._calls)
    ;[last._marks, view._marks] = part(last._marks)
    view._taken = view._calls.length
    view._marked = view._marks.length
    if (navigation === 'back-forward-cache') view._named = last._named
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

  // A name that is given where the page has moved on by itself is not the page view's.
  const name = (route: string): void => {
    if (views._last._path === path) views._last._named = routeName(route) || views._last._named
    views._onChange()
  }

  // When the visitor last clicked or pressed a key, by the events with which browsers let soft navigations begin, or swiped;
  // and when the page last scrolled. What happened before the script came may be the cause of what comes.
  let acted = navigator.userActivation?.hasBeenActive ? performance.now() : 0
  let scrolled = 0
  for (const type of ['click', 'keydown', 'pointerup', 'scroll'])
    addEventListener(
      type,
      ({ isTrusted, timeStamp }) => {
        if (type === 'scroll') scrolled = timeStamp
        else if (isTrusted) acted = timeStamp
      },
      true,
    )

  const onMove = (how?: string | null): void => {
    const to = address()
    if (to === path) return
    path = to
    const last = views._last
    const now = performance.now()
    const caused = acted > last._start
    const soon =
      now - Math.max(acted, last._origin) < CAUSED && !(scrolled > acted && now - scrolled < FOLLOWS)
    if (how === 'traverse' ? acted : caused && (how === 'push' || soon)) {
      const start = how !== 'traverse' && caused && soon ? acted : now
      // After a return from the cache, events of Chromium bear times that are ahead of the clock.
      open(start, 'soft-navigation')._moved = Math.max(start, now)
    } else if (soon) {
      // A redirect: the page view has the name of where the visitor ends.
      last._path = path
      views._onChange()
    }
  }
  const { navigation } = window
  // An element may bear the name.
  if (navigation?.currentEntry)
    navigation.addEventListener('currententrychange', event => onMove(event.navigationType))
  else {
    addEventListener('popstate', () => onMove('traverse'), true)
    wrap(History.prototype, 'pushState', () => onMove('push'))
    wrap(History.prototype, 'replaceState', () => onMove())
  }

  const views: Views = {
    _last: first,
    _list: list,
    _open: open,
    _at: at,
    _name: name,
    _routeOf: ({ _named, _path }) => _named || template(_path),
    _mark: mark,
    _hidden: -CUT,
    _consent: consent,
    _onChange() {},
  }
  if (route) name(route)
  return views
}
