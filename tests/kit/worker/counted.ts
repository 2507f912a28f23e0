/** The worker, which counts the statements that store page views and tells at `/statements`. */

import type { Env } from '../../../worker/env.ts'
import worker from '../../../worker/index.ts'

let statements = 0

function counted(env: Env): Env {
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') {
        return (text: string) => {
          if (/^insert into .?pageviews/i.test(text)) statements++
          return target.prepare(text)
        }
      }
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...env, DB }
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === '/statements') return new Response(String(statements))
    return worker.fetch(request, counted(env), context)
  },
  queue: (batch, env) => worker.queue(batch, counted(env)),
} satisfies ExportedHandler<Env, Parameters<typeof worker.queue>[0]['messages'][number]['body']>
