/**
 * A list of page views that goes on where one asks for more: its first page goes in, all that has come goes out. From then on it
 * stands still: between a first page that is asked anew and the next one of before, page views would be missing.
 */

import { useState } from 'preact/hooks'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { ask } from './client.ts'
import { clock } from './format.ts'
import { useWork } from './use-action.ts'

/** The first page of a list and what came after it. */
type Later = Pick<PageViewsAnswer, 'data' | 'cursor'> & { path: string }

export interface More {
  /** Each page view once: one that became slower meanwhile may be on two pages. */
  views: PageViewAnswer[]
  cursor: PageViewsAnswer['cursor'] | undefined
  onMore: () => void
  said: string
}

export function useMore(path: string, first: PageViewsAnswer | null): More {
  const [later, setLater] = useState<Later | null>(null)
  const [said, run] = useWork()
  const { data: views = [], cursor } = (later?.path === path ? later : first) ?? {}
  const onMore = () => {
    const next = ask<PageViewsAnswer>(`${path}&cursor=${cursor}`)
    const kept = next.then(({ data, cursor }) => {
      const all = [...views, ...data].map(view => [view.id, view] as const)
      setLater({ path, cursor, data: [...new Map(all).values()] })
    })
    run(kept, `As of ${clock(Date.now())}.`)
  }
  return { views, cursor, onMore, said }
}
