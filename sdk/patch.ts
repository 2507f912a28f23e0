/**
 * A thin patch of fetch and XMLHttpRequest that notes what resource timing does not tell: the method, and whether
 * the page itself called the request off. Arguments, `this`, results and errors pass through untouched; where
 * entries tell the status, the promise of fetch is not even looked at, so that its rejection stays as unhandled as
 * the page left it.
 */

import { keyOf } from './address.ts'
import { quietly } from './quietly.ts'
import { wrap } from './wrap.ts'

/** What was seen of a call when it was made. */
export interface Note {
  /** Its address as entries have it, without userinfo and fragment; nothing where it is none. Worked out when asked. */
  _key(): string | undefined
  /** `performance.now()`. */
  _start: number
  _method: string
  _body: unknown
  /** Tells the status, where the entry does not: the request itself, or the response; undefined until it is there. */
  _answer: { readonly status?: number } | undefined
  /** Tells whether the page has called it off. */
  _signal: { readonly aborted: boolean } | null | undefined
  /** Asked for with `no-cors`: the browser hides status and times. */
  _opaque: boolean | undefined
  /** To be called when the answer is there, where the entry came first. */
  _tell?: () => void
}

/** Finds the note of the call to `url`, by default any, that began at `start`. Each is taken once. */
export type TakeNote = (url: string, start: number) => Note | undefined

/** Hears of each call that got no answer, where the browser makes no entry of these: in WebKit. */
export type OnFailure = (url: string, start: number) => void

/** What a call was asked for with: methods and addresses may be anything that makes a text. */
type Asked = [method: string, url: string | URL]

/** Notes kept: an open stream waits for long, a request that was blocked forever. */
const KEPT = 256

export function patchCalls(onFailure: OnFailure): TakeNote {
  /** The latest first. */
  let notes: Note[] = []
  // WebKit up to now: its entries tell no status, and calls without an answer have no entry.
  const blind = !('responseStatus' in PerformanceResourceTiming.prototype)
  const opened = new WeakMap<XMLHttpRequest, Asked>()
  const { prototype } = XMLHttpRequest

  const add = (
    start: number,
    [method, url]: Asked,
    body: unknown,
    answer: Note['_answer'],
    signal?: Note['_signal'],
    opaque?: boolean,
  ): Note => {
    // By the time it is looked at, a URL object or the base may be another one.
    const base = document.baseURI
    const address = `${url}`
    const note: Note = {
      _start: start,
      _key: quietly(() => keyOf(new URL(address, base).href)),
      _method: method,
      _body: body,
      _answer: answer,
      _signal: signal,
      _opaque: opaque,
    }
    if (notes.unshift(note) > KEPT) notes.pop()
    return note
  }
  const fail = (note: Note): void => {
    note._answer = { status: 0 }
    const key = note._key()
    if (key && notes.includes(note)) onFailure(key, note._start)
    note._tell?.()
  }

  wrap(
    window,
    'fetch',
    (_, [request, init]: [Partial<Request>, RequestInit?], start, response: Promise<Response>) => {
      const note = add(
        start,
        [init?.method ?? request.method ?? 'GET', request.url ?? (request as URL)],
        init?.body,
        blind ? undefined : {},
        init?.signal ?? request.signal,
        (init?.mode ?? request.mode) === 'no-cors',
      )
      // Here an unhandled rejection is lost, which weighs less than Safari's error rate.
      if (blind)
        response.then(
          response => {
            note._answer = response
            note._tell?.()
          },
          () => fail(note),
        )
    },
  )
  wrap(prototype, 'open', (xhr: XMLHttpRequest, asked: Asked) => {
    opened.set(xhr, asked)
  })
  wrap(prototype, 'send', (xhr: XMLHttpRequest, [body]: [unknown], start) => {
    const call = opened.get(xhr)
    if (!call) return
    const note = add(start, call, body, xhr)
    // abort() is noted when it returns, which is after loadend.
    if (blind)
      xhr.addEventListener('loadend', () => xhr.status || queueMicrotask(() => fail(note)), { once: true })
  })
  wrap(prototype, 'abort', (xhr: XMLHttpRequest) => {
    for (const note of notes) if (note._answer === xhr) note._signal = { aborted: true }
  })

  // The latest call at or before the entry's start. Both times come from one clock, and the call is noted first.
  return (url, start) => {
    const key = keyOf(url)
    const found = notes.find(note => note._start <= start && (!key || note._key() === key))
    notes = notes.filter(note => note !== found)
    return found
  }
}
