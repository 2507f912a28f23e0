/**
 * The worker on a D1 that counts the statements that store page views, and takes its time over them: `/statements?delay=500` tells
 * how many there were, and lets each take so many ms more from then on.
 */

import type { Env } from '../../../worker/env.ts'
import worker from '../../../worker/index.ts'

let statements = 0
let delay = 0
/** One for all requests, as a binding is. */
let database: D1Database | undefined

function counted(env: Env): Env {
  database ??= new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') {
        return (text: string) => {
          const statement = target.prepare(text)
          if (!/^insert into .?pageviews/i.test(text)) return statement
          statements++
          return slowed(statement)
        }
      }
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...env, DB: database }
}

/** A batch takes it as the statement that it is. */
function slowed(statement: D1PreparedStatement): D1PreparedStatement {
  const { bind, run } = statement
  return Object.assign(statement, {
    bind: (...values: unknown[]) => slowed(bind.apply(statement, values)),
    run: () => scheduler.wait(delay).then(() => run.call(statement)),
  })
}

export default {
  fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== '/statements') return worker.fetch(request, counted(env), context)
    delay = Number(searchParams.get('delay'))
    return new Response(String(statements))
  },
  queue: (batch, env) => worker.queue(batch, counted(env)),
} satisfies ExportedHandler<Env, Parameters<typeof worker.queue>[0]['messages'][number]['body']>
