/**
 * A thin patch of fetch and XMLHttpRequest: it says what each call was made with, and how it ended as the page saw it.
 * Arguments, `this`, results and errors pass through. Of a promise the page gets one that follows it: a rejection is then as
 * unhandled as the page leaves it, which looking at the promise itself would end.
 */

import type { Outcome } from '../schema/wire/pageview.ts'
import { keyOf } from './address.ts'
import { quietly } from './quietly.ts'
import { wrap } from './wrap.ts'
import { outside } from './zone.ts'

/**
 * One call. It has the names of an entry, and stands in for it. It holds on to nothing of the page's once it is told, and
 * never to a request.
 */
export interface Note {
  /** Its address as entries have it, without userinfo and fragment; empty where it is none. Worked out when asked. */
  readonly name: string
  /** `performance.now()`. */
  startTime: number
  /** ms until it ended: the head of an answer to fetch, the whole of one to XMLHttpRequest. None as long as it has not. */
  duration?: number
  /** 1: there was an answer. */
  encodedBodySize?: number
  _method: string
  _body?: unknown
  _headers?: HeadersInit | undefined
  /** Tells why the page has called it off. */
  _signal?: AbortSignal | null | undefined
  /** 0: none, or hidden. */
  _status?: number
  _outcome?: Outcome
  /** Tells whether the page reads the answer's body. */
  _answer?: { readonly bodyUsed: boolean } | undefined
  /** Its entry, where that came first. */
  _entry?: PerformanceResourceTiming
  /** It is told already, and waits for an entry that is not to be told, too. */
  _told?: boolean
}

/** Who hears of calls. */
export type PatchCalls = (onStart: (note: Note) => void, onEnd: (note: Note) => void) => void

/** What a call was asked for with: methods and addresses may be anything that makes a text. */
type Asked = [method: string, url: string | URL]

/** Why there is no answer. What a page gives up for being too slow, it did not call off; WebKit's error does not say so. */
export function failureOf(signal?: AbortSignal | null, error?: unknown): Outcome {
  const { name } = Object(signal?.reason ?? error)
  return name === 'TimeoutError'
    ? 'timeout'
    : signal?.aborted || name === 'AbortError'
      ? 'aborted'
      : 'network'
}

export const patchCalls: PatchCalls = (onStart, onEnd) => {
  const opened = new WeakMap<XMLHttpRequest, Asked>()
  const { prototype } = XMLHttpRequest

  const add = (start: number, [method, url]: Asked, body: unknown, given?: Partial<Request>): Note => {
    // By the time it is looked at, a URL object or the base may be another one.
    const base = document.baseURI
    const address = `${url}`
    const key = quietly(() => keyOf(new URL(address, base).href))
    let name: string | undefined
    const note: Note = {
      get name() {
        name ??= key() ?? ''
        return name
      },
      startTime: start,
      _method: method,
      _body: body,
      _headers: given?.headers,
      _signal: given?.signal,
    }
    onStart(note)
    return note
  }
  const end = quietly((note: Note, status: number, failure?: Outcome | false) => {
    note.duration = performance.now() - note.startTime
    note.encodedBodySize = failure ? 0 : 1
    note._status = status
    note._outcome = failure || (status < 400 ? 'ok' : 'http')
    onEnd(note)
  })

  wrap(
    window,
    'fetch',
    (_, [request, init]: [Partial<Request>, RequestInit?], start, promise: Promise<Response>) => {
      const { method, url = request as URL, headers, signal } = request
      const note = add(start, [init?.method ?? method ?? 'GET', url], init?.body, {
        headers: (init?.headers ?? headers) as Headers,
        signal: (init?.signal ?? signal) as AbortSignal,
      })
      // Another library's promise may have more to it than one that follows it would have.
      const { constructor: Kind } = promise as unknown as { constructor: PromiseConstructor }
      if (Object.keys(promise).length > Object.keys(Kind.resolve()).length) return
      return promise.then(
        answer => {
          note._answer = answer
          end(note, answer?.status)
          return answer
        },
        error => {
          end(note, 0, failureOf(note._signal, error))
          throw error
        },
      )
    },
  )
  wrap(prototype, 'open', (xhr: XMLHttpRequest, asked: Asked) => {
    opened.set(xhr, asked)
  })
  wrap(prototype, 'send', (xhr: XMLHttpRequest, [body]: [unknown], start) => {
    const asked = opened.get(xhr)
    if (!asked) return
    const note = add(start, asked, body)
    let failure: Outcome = 'network'
    const see = ({ type }: { readonly type: string }): void => {
      // It may have been opened anew.
      if (opened.get(xhr) !== asked) return
      if (type === 'abort') failure = 'aborted'
      else if (type === 'timeout') failure = type
      else end(note, xhr.status, !xhr.status && failure)
    }
    // One that is synchronous is through.
    if (xhr.readyState > 3) see(xhr as unknown as Event)
    else
      outside(() => {
        for (const type of ['abort', 'timeout', 'loadend']) xhr.addEventListener(type, see, { once: true })
      })
  })
}
