/** The worker's HTTP API as the page asks it. A failed request becomes an `ApiError` in words for a person. */

import type { SummaryAnswer } from '../../schema/summary.ts'

export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export type Ask = <T>(path: string, query?: Record<string, string>) => Promise<T>

/** Answers a function that asks the API with this token, until `signal` calls it off. */
export function client(token: string, signal: AbortSignal): Ask {
  return async <T>(path: string, query: Record<string, string> = {}) => {
    let answer: Response
    try {
      answer = await fetch(`${path}?${new URLSearchParams(query)}`, {
        headers: { Authorization: `Bearer ${token}` },
        signal,
      })
    } catch (error) {
      if (signal.aborted) throw error
      throw new ApiError(0, 'The server cannot be reached.')
    }
    if (!answer.ok) throw new ApiError(answer.status, await explain(answer))
    return (await answer.json()) as T
  }
}

/** The sentence of a problem+json answer, with the field that it names. */
async function explain(answer: Response): Promise<string> {
  const problem = (await answer.json().catch(() => ({}))) as {
    title?: string
    detail?: string
    field?: string
  }
  const said = problem.detail ?? problem.title ?? 'The server gave no reason.'
  return `${problem.field ? `${problem.field} ${said}` : said} (${answer.status})`
}

export async function listSites(ask: Ask): Promise<string[]> {
  const { data } = await ask<{ data: { site: string }[] }>('/v1/sites')
  return data.map(({ site }) => site)
}

/** The three answers that the page shows: all page views, by route, and API calls by endpoint. */
export async function askSummaries(ask: Ask, site: string, range: string): Promise<Summaries> {
  const base = { site, from: `-${range}`, percentiles: '75' }
  const [overall, routes, endpoints] = await Promise.all([
    ask<SummaryAnswer>('/v1/summary', base),
    ask<SummaryAnswer>('/v1/summary', { ...base, group_by: 'route', limit: '50' }),
    ask<SummaryAnswer>('/v1/summary', { ...base, metrics: 'api', group_by: 'endpoint', limit: '50' }),
  ])
  return { overall, routes, endpoints }
}

export interface Summaries {
  overall: SummaryAnswer
  routes: SummaryAnswer
  endpoints: SummaryAnswer
}
