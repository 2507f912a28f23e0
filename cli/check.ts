/**
 * `fieldline check`: the gate of a CI job. It judges a site's budgets, and its change against a release or the time before. It
 * answers by a table, by the exit code and, for the CI system, as Markdown and JUnit.
 */

import { writeFileSync } from 'node:fs'
import type { BudgetsAnswer } from '../schema/api/budgets.ts'
import type { PageViewsAnswer } from '../schema/api/pageviews.ts'
import type { TrendsAnswer } from '../schema/api/trends.ts'
import { type Finding, judgeBudget, judgeTrend } from './check/finding.ts'
import { toJunit } from './check/junit.ts'
import { toMarkdown } from './check/markdown.ts'
import { all, type Call, type Command, type Given, one } from './command.ts'
import { BREACHED, misuse, REQUEST_FAILED, refused, TOO_LITTLE } from './failure.ts'
import { checkWritable } from './file.ts'
import { FILTERS, filtersOf, RANGE, siteOf, timeOf } from './range.ts'
import { table } from './table.ts'

const DEFAULT_METRICS = ['lcp', 'inp', 'cls']
/** A change of less is none, as in the API's verdict `stable`. */
const DEFAULT_REGRESSION = '10%'
/** The newest page views, among which the current release is looked for. */
const NEWEST = '100'

export const check: Command = {
  name: 'check',
  operands: [],
  about: 'fail a CI job if a metric became slower, or a budget is breached',
  options: {
    ...RANGE,
    against: { value: '<what>', help: 'release:<name>, or period for the time before' },
    metric: { value: '<metric>', help: 'lcp, api, ...; may be repeated; default: lcp, inp, cls', many: true },
    'max-regression': { value: '<share>', help: 'how much slower is still allowed; default: 10%' },
    percentile: { value: '<p>', help: 'the percentile that is compared; default: 75' },
    budgets: { help: 'fail where a budget of the site is breached' },
    'too-little': { value: '<code>', help: 'what to exit with where data is too little; default: 4' },
    markdown: { value: '<file>', help: 'write the result for a pull request, too' },
    junit: { value: '<file>', help: 'write the result as JUnit XML, too' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const against = one(given, 'against')
    if (against === undefined && !given.budgets)
      throw misuse('Nothing to check: give --against or --budgets.')
    const tooLittle = codeOf(one(given, 'too-little') ?? String(TOO_LITTLE))
    await checkWritable(given, 'markdown', 'junit')
    const findings = [
      ...(against === undefined ? [] : await compare(call, against)),
      ...(given.budgets ? await budgets(call) : []),
    ]
    const title = `fieldline: ${siteOf(given)}${against ? ` against ${against.replace(/^release:/, 'release ')}` : ''}`
    write(one(given, 'markdown'), toMarkdown(title, findings))
    write(one(given, 'junit'), toJunit(title, findings))
    call.print(given.json ? JSON.stringify(findings, null, 2) : describe(title, findings))
    const has = (outcome: Finding['outcome']) => findings.some(finding => finding.outcome === outcome)
    if (has('breach')) call.exit(BREACHED)
    else if (has('not judged')) call.exit(REQUEST_FAILED)
    else call.exit(has('too little data') ? tooLittle : 0)
  },
}

/** What changed against a release, or against the time before. */
async function compare(call: Call, against: string): Promise<Finding[]> {
  const { given, ask } = call
  const percentile = one(given, 'percentile') ?? '75'
  const terms = { max: shareOf(one(given, 'max-regression') ?? DEFAULT_REGRESSION), percentile }
  const [, baseline] = /^release:(.+)$/.exec(against) ?? []
  if (baseline === undefined && against !== 'period')
    throw misuse(`--against must be release:<name> or period, not ${against}.`)
  const metrics = all(given, 'metric').flatMap(list => list.split(','))
  const asked = metrics.length ? metrics : DEFAULT_METRICS
  const site = siteOf(given)
  const query = { site, ...timeOf(given), ...filtersOf(given), percentile }
  const [release = baseline && (await current(call, baseline))] = all(given, 'release')
  if (baseline !== undefined && release === undefined) {
    call.note(`No page view of another release than ${baseline} has arrived: name it by --release.`)
    return asked.map(metric => judgeTrend(metric, undefined, terms))
  }
  if (baseline !== undefined) call.note(`Release ${release} against ${baseline}.`)
  const { data } = await ask<TrendsAnswer>('GET', '/v1/trends', {
    query: { ...query, metrics: asked.join(','), release, baseline_release: baseline },
  })
  return asked.map(metric =>
    judgeTrend(
      metric,
      data.find(row => row.metric === metric),
      terms,
    ),
  )
}

/** The release of most of the newest page views that are not of the baseline. */
async function current({ given, ask }: Call, baseline: string): Promise<string | undefined> {
  const { data } = await ask<PageViewsAnswer>('GET', '/v1/pageviews', {
    query: { site: siteOf(given), ...timeOf(given), order: 'newest', limit: NEWEST },
  })
  const counts = new Map<string, number>()
  for (const { release } of data)
    if (release !== null && release !== baseline) counts.set(release, (counts.get(release) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}

async function budgets({ given, ask }: Call): Promise<Finding[]> {
  const { data } = await ask<BudgetsAnswer>('GET', '/v1/budgets', { query: { site: siteOf(given) } })
  if (!data.length) throw misuse('This site has no budgets: add one by fieldline budget add.')
  return data.map(budget => judgeBudget(budget, Date.now()))
}

function describe(title: string, findings: Finding[]): string {
  const rows = findings.map(({ outcome, name, limit, before, now, detail }) => [
    outcome,
    name,
    limit,
    before,
    now,
    detail,
  ])
  return `${title}\n\n${table(['result', 'check', 'limit', 'before', 'now', 'how sure'], rows, 2)}`
}

/** `10%` or `0.1` as a share. */
function shareOf(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  if (number === undefined) throw misuse(`--max-regression must be a share, such as 10%, not ${text}.`)
  return percent ? Number(number) / 100 : Number(number)
}

function codeOf(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255)
    throw misuse(`--too-little must be an exit code, such as 0, not ${text}.`)
  return Number(text)
}

function write(file: Given[string], text: string): void {
  if (typeof file !== 'string') return
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw refused(`${file} cannot be written: ${error instanceof Error ? error.message : error}`)
  }
}
