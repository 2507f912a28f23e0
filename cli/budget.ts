/** `fieldline budget ...`: what a team promises of a metric, and how the promise stands. */

import type { BudgetAnswer, BudgetsAnswer } from '../schema/api/budgets.ts'
import { figureOf, isLeast, writeLimit } from '../schema/domain/budget-figure.ts'
import { format } from '../schema/domain/metrics.ts'
import { nameOf } from './check/finding.ts'
import { type Call, type Command, type Given, make, needed, type Options, one, show } from './command.ts'
import { misuse } from './failure.ts'
import { siteOf, sitePath, tagText } from './range.ts'
import { table } from './table.ts'
import { interval, minute } from './words.ts'

const SITE: Options = { site: { value: '<site>', help: "the site; default: a read token's own" } }

const TERMS: Options = {
  ...SITE,
  metric: {
    value: '<metric>',
    help: 'lcp, api, error_rate, errors, pageviews, phase:load, blocking:load, custom:<mark>, delivery:lost, ...',
  },
  limit: {
    value: '<n>',
    help: "in the metric's unit: 2500 for ms, 0.1 for cls, a share for error_rate and errors, the least number of pageviews",
  },
  'relative-to': {
    value: '<what>',
    help: 'week or release: the limit is a share above it (pageviews: below), 0.1 for 10%',
  },
  percentile: { value: '<p>', help: 'default: 75' },
  hours: { value: '<n>', help: 'the hours that are judged; default: 24' },
  minimum: { value: '<n>', help: 'effective samples below which there is too little data; default: 100' },
  endpoint: { value: '<endpoint>', help: 'for metrics api and error_rate: one endpoint' },
  route: { value: '<route>', help: 'one route' },
  device: { value: '<device>', help: 'phone, tablet or desktop' },
  tag: { value: '<name=value>', help: 'one value of a declared tag: plan=pro' },
  segment: { value: '<id>', help: 'one saved segment' },
}

export const budgetList: Command = {
  name: 'budget list',
  operands: [],
  about: 'list the budgets of a site and how they stand',
  options: SITE,
  async run(call) {
    const answer = await call.ask<BudgetsAnswer>('GET', '/v1/budgets', {
      query: { site: siteOf(call.given) },
    })
    show(call, answer, () => {
      if (!answer.data.length)
        return 'This site has no budgets. Add one: fieldline budget add --metric lcp --limit 2500'
      const head = ['id', 'budget', 'state', 'limit', 'now', '95%', 'since, UTC']
      return table(head, answer.data.map(cells), 3)
    })
  },
}

export const budgetAdd: Command = {
  name: 'budget add',
  operands: [],
  about: 'add a budget: its breach calls the webhook and fails check --budgets',
  options: TERMS,
  async run(call) {
    const budget = {
      ...termsOf(call.given),
      metric: needed(call.given, 'metric'),
      limit: limitOf(call.given),
    }
    showOne(call, await make<BudgetAnswer>(call, sitePath(call.given, 'budgets'), budget))
  },
}

export const budgetSet: Command = {
  name: 'budget set',
  operands: ['id'],
  about: 'change a budget; it is judged anew',
  options: TERMS,
  async run(call) {
    const { given } = call
    const id = needed(given, 'id')
    const { data } = await call.ask<BudgetsAnswer>('GET', '/v1/budgets', { query: { site: siteOf(given) } })
    const before = data.find(budget => budget.id === id)
    if (!before) throw misuse(`There is no budget ${id}: see fieldline budget list.`)
    const { metric, limit, percentile, window_hours, minimum, relative_to } = before
    const { endpoint, route, device, tag, segment } = before
    const filters = { endpoint, route, device, tag, segment }
    const terms = { metric, limit, percentile, window_hours, minimum, relative_to, ...filters }
    const change = { ...termsOf(given), ...(one(given, 'limit') !== undefined && { limit: limitOf(given) }) }
    const body = { ...terms, ...change, metric: one(given, 'metric') ?? metric }
    showOne(call, await call.ask<BudgetAnswer>('PUT', sitePath(given, 'budgets', id), { body }))
  },
}

export const budgetRemove: Command = {
  name: 'budget remove',
  operands: ['id'],
  about: 'remove a budget',
  options: SITE,
  async run(call) {
    const id = needed(call.given, 'id')
    await call.ask('DELETE', sitePath(call.given, 'budgets', id))
    call.note(`${id} is removed.`)
  },
}

function showOne(call: Call, answer: BudgetAnswer): void {
  show(
    call,
    answer,
    () => `${answer.id}  ${nameOf(answer)} ${isLeast(answer) ? '' : 'at most '}${writeLimit(answer)}`,
  )
}

function cells(budget: BudgetAnswer): string[] {
  const { id, state, value, low, high, since } = budget
  const figure = figureOf(budget)
  const range = value === null ? '' : interval(figure, { value, low, high })
  return [id, nameOf(budget), state, writeLimit(budget), format(figure, value), range, minute(since)]
}

function limitOf(given: Given): number {
  return numberOf('limit', needed(given, 'limit'))
}

/** The terms that are given. The API checks what they may be. */
function termsOf(given: Given) {
  const number = (option: string, name: string) => {
    const value = one(given, option)
    return value === undefined ? {} : { [name]: numberOf(option, value) }
  }
  const text = (option: string, name = option) => {
    const value = one(given, option)
    return value === undefined ? {} : { [name]: value }
  }
  const tag = one(given, 'tag')
  return {
    ...number('percentile', 'percentile'),
    ...number('hours', 'window_hours'),
    ...number('minimum', 'minimum'),
    ...text('relative-to', 'relative_to'),
    ...text('endpoint'),
    ...text('route'),
    ...text('device'),
    ...text('segment'),
    ...(tag !== undefined && { tag: tagText(tag) }),
  }
}

function numberOf(option: string, value: string): number {
  if (value.trim() === '' || !Number.isFinite(Number(value)))
    throw misuse(`--${option} must be a number, not ${value}.`)
  return Number(value)
}
