/**
 * Methods of the browser that are looked at as the page calls them, and behave as before.
 */

import { quietly } from './quietly.ts'

type Method = (...args: never[]) => unknown

/**
 * Lets `see` look at each call of a method: its arguments, when it was made, its result, undefined where it threw. What it
 * answers, if it does, the page gets in place of the result. A Proxy is in all else, its source text included, the method
 * itself. What is no method, or cannot be replaced, stays.
 */
export const wrap = quietly(
  <T>(
    target: object,
    name: string | symbol,
    see: (self: never, args: never, start: number, result: T) => unknown,
  ): void => {
    const methods = target as Record<string | symbol, Method | undefined>
    const original = methods[name]
    // There is no Proxy of nothing, and an exception takes longer than a call.
    if (!original) return
    const look = quietly(see)
    // A page may take Reflect away.
    const { apply } = Reflect
    methods[name] = new Proxy(original, {
      // A page may have put `get` on Object.prototype.
      __proto__: null,
      apply(_, self, args) {
        const start = performance.now()
        let result: unknown
        try {
          result = apply(original, self, args)
        } finally {
          result = look(self as never, args as never, start, result as T) ?? result
        }
        return result
      },
    } as ProxyHandler<Method>)
  },
)
