/**
 * Naming rules over HTTP: `GET` and `PUT /v1/sites/shop/rules`, `POST .../rules/preview` and `GET .../rules/suggestions`.
 *
 * Rules name what arrives from then on, and never what is stored. An isolate that knows the site goes by its old rules for
 * `SITE_CACHE` (20 s) at most.
 */

import { desc, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { type Context, Hono } from 'hono'
import {
  RULES,
  type Rules,
  type RulesAnswer,
  type RulesPreview,
  type RulesSuggestions,
} from '../../schema/api/rules.ts'
import { rules } from '../../schema/storage/tables.ts'
import { requireAdmin, requireSite } from '../admin/access.ts'
import { readJson } from '../admin/body.ts'
import type { Hono as Types } from '../env.ts'
import { isAny, namesTag, PRIVATE } from '../headers.ts'
import { checkPath, pathAlone, siteOf } from '../parameters.ts'
import { badField, problem } from '../problem.ts'
import { existingSite, forgetSite } from '../site/sites.ts'
import { named } from '../store/names.ts'
import { prepare } from '../store/statement.ts'
import { preview } from './preview.ts'
import { storedNames } from './stored-names.ts'
import { suggest } from './suggest.ts'

/** Changes that are kept. */
const MAX_CHANGES = 100
/** Of a site that never had any: names are kept as they come. */
const NONE: Rules = { trailing_slash: 'keep', case: 'keep', parameters: 'keep', rules: [] }

const r = named(rules)

export const ruleRoutes = new Hono<Types>()
  .get('/', async c => {
    requireSite(c, siteOf(c))
    checkPath(c)
    const { site } = await existingSite(c.env, siteOf(c))
    return show(c, await answerOf(c.env.DB, site))
  })
  .use('/*', requireAdmin, pathAlone)
  .put('/', async c => {
    const { site } = await existingSite(c.env, siteOf(c))
    const naming = checked(await readJson(c, RULES))
    const text = JSON.stringify(naming)
    const before = await answerOf(c.env.DB, site)
    const known = isAny(c.req.header('If-Match')) ? undefined : c.req.header('If-Match')
    if (known !== undefined && !namesTag(known, tagOf(before))) throw changedMeanwhile(before)
    // What changes nothing is no change.
    if (before.since === null || text !== JSON.stringify(rulesOf(before))) {
      const newest = sql`(SELECT max(${r.since}) FROM ${r.table} WHERE ${r.site} = ${site})`
      const [stored] = await c.env.DB.batch([
        prepare(
          c.env.DB,
          sql`INSERT OR REPLACE INTO ${r.table} (${r.site}, ${r.since}, ${r.naming}) SELECT ${site}, ${Date.now()}, ${text}
            WHERE ${known ?? null} IS NULL OR ${newest} IS ${before.since && Date.parse(before.since)}`,
        ),
        prepare(
          c.env.DB,
          sql`DELETE FROM ${r.table} WHERE ${r.site} = ${site} AND ${r.since} <= (SELECT ${r.since} FROM ${r.table}
            WHERE ${r.site} = ${site} ORDER BY ${r.since} DESC LIMIT 1 OFFSET ${MAX_CHANGES})`,
        ),
      ])
      forgetSite(site)
      if (!stored?.meta.changes) throw changedMeanwhile(await answerOf(c.env.DB, site))
    }
    return show(c, await answerOf(c.env.DB, site))
  })
  .post('/preview', async c => {
    const { site, reads } = await existingSite(c.env, siteOf(c))
    const naming = checked(await readJson(c, RULES))
    const { from, to, names, read } = await storedNames(reads, site, Date.now())
    const answer: RulesPreview = { site, ...rangeOf(from, to), ...preview(naming, names), rows_read: read }
    return c.json(answer, 200, PRIVATE)
  })
  .get('/suggestions', async c => {
    const { site, reads } = await existingSite(c.env, siteOf(c))
    const { from, to, names, read } = await storedNames(reads, site, Date.now())
    const answer: RulesSuggestions = { site, ...rangeOf(from, to), data: suggest(names), rows_read: read }
    return c.json(answer, 200, PRIVATE)
  })

/** The rules, with the tag by which `PUT` knows whether they are still those that somebody has read. */
function show(c: Context<Types>, answer: RulesAnswer): Response {
  return c.json(answer, 200, { ...PRIVATE, ETag: tagOf(answer) })
}

function tagOf({ since }: Pick<RulesAnswer, 'since'>): string {
  return `"${since ?? ''}"`
}

function changedMeanwhile({ since }: RulesAnswer) {
  const state = since === null ? 'No rules are set' : `The rules were changed at ${since}`
  return problem(412, `${state}. Read them again: If-Match names those of before.`)
}

/** The rules in force, and when they changed. Key: (site, since). */
async function answerOf(d1: D1Database, site: string): Promise<RulesAnswer> {
  const rows = await drizzle(d1)
    .select({
      since: rules.since,
      naming: sql<string | null>`iif(${rules.since} = max(${rules.since}) OVER (), ${rules.naming}, NULL)`,
    })
    .from(rules)
    .where(eq(rules.site, site))
    .orderBy(desc(rules.since))
    .limit(MAX_CHANGES)
  const changes = rows.map(({ since }) => new Date(since).toISOString())
  const naming = rows[0]?.naming
  return { site, since: changes[0] ?? null, changes, ...(naming ? (JSON.parse(naming) as Rules) : NONE) }
}

function rulesOf({ trailing_slash, case: letters, parameters, rules }: RulesAnswer): Rules {
  return { trailing_slash, case: letters, parameters, rules }
}

/** What the platform's own URLPattern does not read is refused, too. */
function checked(given: Rules): Rules {
  given.rules.forEach(({ pattern }, i) => {
    try {
      new URLPattern({ pathname: pattern })
    } catch {
      throw badField({ field: `rules.${i}.pattern`, detail: 'is no pattern of URLPattern' })
    }
  })
  return rulesOf({ ...given, site: '', since: null, changes: [] })
}

function rangeOf(from: number, to: number) {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
}
