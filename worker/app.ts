/**
 * The map of the worker: which request goes where.
 */

import { Hono } from 'hono'
import { eitherOf } from '../schema/api/fields.ts'
import { requireAccess, requireAdmin } from './admin/access.ts'
import { segmentRoutes } from './admin/segment-routes.ts'
import { siteRoutes } from './admin/sites.ts'
import { tagRoutes } from './admin/tag-routes.ts'
import { budgetReads, budgetRoutes } from './budgets/routes.ts'
import { deadline } from './deadline.ts'
import type { Hono as Types } from './env.ts'
import { collectorRoutes } from './formats/collector-routes.ts'
import { cruxRoutes } from './formats/crux.ts'
import { exportRoute } from './formats/export.ts'
import { mcp } from './formats/mcp.ts'
import { metricsRoute } from './formats/prometheus.ts'
import { checkConditions } from './headers.ts'
import { importPageViews } from './ingest/import.ts'
import { ingest } from './ingest/ingest.ts'
import { wellFormed } from './parameters.ts'
import { answerProblem, problem } from './problem.ts'
import { health } from './read/health.ts'
import { readRoutes } from './read/routes.ts'
import { ruleRoutes } from './rules/routes.ts'

export const app = new Hono<Types>()

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The second is for a route of a site's own zone, `shop.example/fieldline/*`: a pattern for `/f` would take `/faq`, too. */
const BEACON_PATHS = ['/f', '/fieldline/f']

app.on('POST', BEACON_PATHS, ingest)
app.on('OPTIONS', BEACON_PATHS, c =>
  c.body(null, 204, {
    'Access-Control-Allow-Origin': c.req.header('Origin') ?? '*',
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    'Access-Control-Max-Age': '86400',
    'Cache-Control': 'private, max-age=0',
    Vary: 'Origin',
  }),
)
for (const path of BEACON_PATHS) {
  app.all(path, () => {
    throw problem(405, 'Send beacons with POST.', { headers: { Allow: 'POST, OPTIONS' } })
  })
}

app.get('/healthz', health)

// Before the bearer token is asked for: its clients send theirs as `?key=`.
app.route('/v1', cruxRoutes)
app.use('/v1/*', deadline, requireAccess, wellFormed)
app.use('/v1/sites/*', checkConditions)
app.route('/v1', readRoutes)
app.get('/v1/metrics', metricsRoute)
app.get('/v1/export', exportRoute)
app.route('/v1', budgetReads)
// Before the sites, whose other addresses are the admin's: a reader may see how names are made, which tags are kept, and which segments are saved.
app.route('/v1/sites/:site/rules', ruleRoutes)
app.route('/v1/sites/:site/tags', tagRoutes)
app.route('/v1/sites/:site/segments', segmentRoutes)
app.post('/v1/sites/:site/pageviews', requireAdmin, importPageViews)
app.route('/v1/sites', siteRoutes)
app.route('/v1/sites/:site', budgetRoutes)
app.route('/v1/sites/:site/collectors', collectorRoutes)

// Each tool asks the API above with the caller's own token.
app.post(
  '/mcp',
  mcp((c, path) => {
    const headers = { Authorization: c.req.header('Authorization') ?? '' }
    return Promise.resolve(app.request(new URL(path, c.req.url).href, { headers }, c.env, c.executionCtx))
  }),
)
app.all('/mcp', () => {
  throw problem(405, 'Send requests of the Model Context Protocol with POST.', { headers: { Allow: 'POST' } })
})

app.notFound(c => {
  const allowed = METHODS.filter(method => answers(method, c.req.path))
  if (!allowed.length) throw problem(404, 'There is nothing at this address.')
  const all = allowed.flatMap(method => (method === 'GET' ? [method, 'HEAD'] : method))
  throw problem(405, `This address takes ${eitherOf(all)}, not ${c.req.method}.`, {
    headers: { Allow: all.join(', ') },
  })
})
app.onError(answerProblem)

/** True where a route has this method; middleware has all. */
function answers(method: string, path: string): boolean {
  return app.router.match(method, path)[0].some(([[, route]]) => route.method === method)
}
