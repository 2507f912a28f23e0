/**
 * What the page asks for: options go in, settings come out, or nothing where there is nothing to do.
 */

import { MAX_WEIGHT } from '../schema/wire/beacon.ts'
import type { Beacon } from '../schema/wire/pageview.ts'
import { quietly } from './quietly.ts'

export interface InitOptions {
  /** The site's id, as the worker knows it. */
  site: string
  /** Where beacons go: `https://rum.example.com/f`. */
  endpoint: string
  /** Share of page views to keep, 0..1; 1 of `round(1 / sample)` is kept. All by default. */
  sample?: number | string | undefined
  /** Version of the page's code: `2.4.0`. */
  release?: string | undefined
  /** Name of the route on which the page was loaded: `/p/[id]`. */
  route?: string | undefined
  /**
   * What the page is routed by where that is not the path: `'hash'` for `#/users/5`, `'query:view'` for `?view=users`.
   * A change of it is a page view, and names it.
   */
  routeBy?: 'hash' | `query:${string}` | undefined
  /**
   * `'passive'`: leave fetch and XMLHttpRequest alone, and record what the browser tells by itself: calls without
   * method, none that failed without an answer, and in Safari none. `false` or `'off'`: record no API calls.
   */
  api?: boolean | 'passive' | 'off' | undefined
  /** `false` or `'off'`: count no errors. The core counts none. */
  errors?: boolean | 'off' | undefined
  /**
   * Calls to leave out: those whose address, without its query, holds one of these texts: `['analytics.example',
   * '/api/health']`. Of a tag they are parted by commas or spaces.
   */
  ignore?: string | readonly string[] | undefined
  /** A tag of every page view: `tagPlan: 'pro'` is `plan` being `pro`, as `data-tag-plan="pro"` is. See `tag`. */
  [tag: `tag${string}`]: string | undefined
  /** Where beacons go once the page's content security policy has refused `endpoint`: a path of its own origin. */
  fallback?: string | undefined
  /** `false`, `'required'` or whatever is not `true`: measure, but send nothing until `consent(true)`. */
  consent?: boolean | 'required' | undefined
  /**
   * Sees each beacon before it is sent; answers what to send. Nothing is sent if it answers nothing or throws. It may
   * be asked more often than beacons are sent: what waits in the browser is renewed as it changes. Calls, marks and
   * causes go without names: one that is built anew has all its fields, in the order of its type. `phases` is a list, in
   * the order of schema/metrics, `vitals` has those that are known, and the core has no causes.
   */
  beforeSend?: ((view: Beacon) => Beacon | null | undefined | false) | undefined
}

/** The options as texts, whatever they were given as, and what follows from them. */
export interface Settings extends Pick<InitOptions, 'beforeSend' | `tag${string}`> {
  release?: string | undefined
  route?: string | undefined
  routeBy?: string | undefined
  api?: string | undefined
  errors?: string | undefined
  consent?: string | undefined
  /** Where beacons go, with the site: the first that the page's policy has not refused. */
  _urls: (string | undefined)[]
  /** Texts of addresses of calls that are left out. */
  _ignore: readonly string[]
  /** 1 of `_rate` page views is kept. */
  _rate: number
}

/** Where a mistake is made, and may be told. */
const LOCAL = /\blocalhost$|^127\.|\[::1]/

let told = false

export function readOptions(given: InitOptions): Settings | undefined {
  const options = given as unknown as Record<string, string | undefined>
  // A BigInt, a Symbol or an object of the page's would cost the page view later. What has no text is empty.
  for (const name in options)
    if (options[name] !== undefined && name !== 'beforeSend')
      options[name] = quietly(String)(options[name] ?? '') ?? ''
  const { site, endpoint, sample = 1, fallback, ignore = '' } = options
  // Neither an element of that name nor a base that someone put into the page leads beacons astray.
  const _urls = [endpoint, fallback].map(
    quietly(address => {
      if (!address) return
      const url = new URL(address, location.href)
      url.searchParams.set('site', site ?? '')
      return url.href
    }),
  )
  const right = site && _urls[0] && +sample >= 0 && +sample <= 1
  if (!right && !told && LOCAL.test(location.hostname)) {
    told = true
    console.warn('fieldline: wrong options:', { site, endpoint, sample })
  }
  const { doNotTrack, globalPrivacyControl }: Privacy = navigator
  if (!right || !+sample || doNotTrack === '1' || globalPrivacyControl) return
  return {
    ...options,
    _ignore: ignore.match(/[^\s,]+/g) ?? [],
    _urls,
    _rate: Math.min(Math.round(1 / +sample), MAX_WEIGHT),
  }
}

interface Privacy {
  readonly doNotTrack?: string | null
  /** @see https://www.w3.org/TR/gpc/ */
  readonly globalPrivacyControl?: boolean
}
