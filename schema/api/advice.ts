/**
 * What to do about a cause, by where its time goes: a stable code, a sentence and a link. Only what the data says is advised;
 * a cause whose p75 is good needs nothing.
 */

import type { Part } from '../wire/attribution.ts'

/** ms by part; they add up to the LCP or INP. */
export type Parts = { readonly [K in Part]?: number | undefined }

/** A sentence for the person who can change the page, and where to read on. */
interface Advice {
  readonly text: string
  readonly link: string
}

export const ADVICE = {
  'slow-first-byte': {
    text: 'The document itself comes late: cache it near the visitor, and look for redirects and slow server work.',
    link: 'https://web.dev/articles/optimize-ttfb',
  },
  'image-found-late': {
    text: 'The browser learns of the image late: put it into the HTML, or preload it, with fetchpriority="high" and without loading="lazy".',
    link: 'https://web.dev/articles/optimize-lcp',
  },
  'image-slow-to-load': {
    text: 'The image takes long to load: serve a smaller one, in a modern format, from a cache near the visitor.',
    link: 'https://web.dev/articles/serve-responsive-images',
  },
  'waits-for-api': {
    text: 'The page waits for an API call before it can show this: answer it faster, ask earlier, or render on the server.',
    link: 'https://web.dev/articles/rendering-on-the-web',
  },
  'render-blocked': {
    text: 'Everything has arrived, but rendering waits: for stylesheets, synchronous scripts, or scripts that render this element.',
    link: 'https://web.dev/learn/performance/understanding-the-critical-path',
  },
  'input-delayed': {
    text: 'The main thread is busy with other work when the visitor acts: split long tasks, and delay or drop third-party scripts.',
    link: 'https://web.dev/articles/optimize-input-delay',
  },
  'long-script': {
    text: 'One script does most of the work of this interaction: let it yield, or move the work after the next paint.',
    link: 'https://web.dev/articles/optimize-long-tasks',
  },
  'long-handler': {
    text: 'The event handlers run for long: do only what the next frame needs, and yield before the rest.',
    link: 'https://web.dev/articles/optimize-long-tasks',
  },
  'slow-presentation': {
    text: 'The handlers are done, but the next frame takes long to paint: change less of the page at once, and keep it small.',
    link: 'https://web.dev/articles/dom-size-and-interactivity',
  },
  'missing-dimensions': {
    text: 'A picture or frame moved when its content came: give it width and height, or an aspect-ratio.',
    link: 'https://web.dev/articles/optimize-cls#images_without_dimensions',
  },
  'moved-by-insertion': {
    text: 'This was moved by something above it that appeared or grew: reserve the space, or insert it below what is seen.',
    link: 'https://web.dev/articles/optimize-cls',
  },
} as const satisfies Record<string, Advice>

export type AdviceCode = keyof typeof ADVICE
export const ADVICE_CODES = Object.keys(ADVICE) as AdviceCode[]

/** `waited` is the share of the load and render delays in which an API call was waited for. */
export function lcpAdvice(parts: Parts, waited: number): AdviceCode {
  const part = largest(parts)
  if (part === 'ttfb') return 'slow-first-byte'
  if (part === 'load_duration') return 'image-slow-to-load'
  if (waited >= 0.5) return 'waits-for-api'
  return part === 'load_delay' ? 'image-found-late' : 'render-blocked'
}

/** `script` is what the longest script took, as a share of the whole interaction; 0 where none is known. */
export function inpAdvice(parts: Parts, script: number): AdviceCode {
  const part = largest(parts)
  if (part === 'input_delay') return 'input-delayed'
  if (part === 'presentation') return 'slow-presentation'
  return script >= 0.5 ? 'long-script' : 'long-handler'
}

/** What has dimensions of its own but did not say them in time; by the last element of the selector. */
const SIZED = /(^|[\s>+~])(img|picture|video|iframe|embed|object|canvas|svg)(?![\w-])[^\s>+~]*$/i

export function clsAdvice(target: string): AdviceCode {
  return SIZED.test(target) ? 'missing-dimensions' : 'moved-by-insertion'
}

function largest(parts: Parts): string | undefined {
  const [first] = Object.entries(parts).sort(([, a = 0], [, b = 0]) => b - a)
  return first?.[0]
}
