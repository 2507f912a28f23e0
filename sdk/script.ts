/**
 * What a script tag does: puts `window.fieldline` in place, reads its own `data-*` attributes, starts, and repeats the
 * calls that the page made before.
 *
 * A page that does not want to wait for the script puts this line before it; `q` keeps what is called, and when:
 *
 *     window.fieldline?.init||(q=>{fieldline={q};for(let m of['init','setRoute','mark','tag','consent'])
 *     fieldline[m]=(...a)=>{q.push([m,a,performance.now()])}})([])
 */

import { native } from './dom.ts'
import type { Fieldline } from './fieldline.ts'
import { quietly } from './quietly.ts'
import type { InitOptions } from './settings.ts'

type Call = [name: keyof Fieldline, args: unknown[], time: number]

declare global {
  interface Window {
    fieldline?: Fieldline & { q?: Omit<Call[], 'push'> & { push(call: Call): unknown } }
  }
}

export const startScript = quietly((fieldline: Fieldline) => {
  // An element with that id is a global of that name, too.
  const q = window.fieldline?.q
  window.fieldline = fieldline
  // A module has no current script. A tag may be one; code that was put into the page by one has no tag of its own.
  const script = (native(document, 'currentScript') ??
    document.querySelector('script[type=module][data-site]')) as HTMLScriptElement | null
  // Attributes bear the names of options. Without any, the page calls init itself.
  if (script && Object.keys(script.dataset)[0])
    fieldline.init({
      endpoint: new URL('/f', script.src || location.href),
      ...script.dataset,
    } as unknown as InitOptions)
  if (!q) return
  const call = ([name, [first, second, when], time]: Call): void => {
    ;(fieldline[name] as (...args: unknown[]) => void)(first, second, when ?? time)
  }
  // What was called before init is for what it starts; init itself runs once.
  q.filter(([name]) => name === 'init').forEach(call)
  q.forEach(call)
  // A page may have kept a function of the line.
  q.push = call
})
