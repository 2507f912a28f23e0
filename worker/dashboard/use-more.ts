/** A list of page views that goes on where one asks for more: its first page goes in, all that has come goes out. */

import { useState } from 'preact/hooks'
import type { PageViewAnswer } from '../../schema/api/pageview.ts'
import type { PageViewsAnswer } from '../../schema/api/pageviews.ts'
import { ask } from './client.ts'
import { useWork } from './use-action.ts'

/** What came after the first page of a list. */
type Later = Pick<PageViewsAnswer, 'data' | 'cursor'> & { path: string }

export interface More {
  /** Each page view once: the first page is asked anew, and may by then hold one of a later page. */
  views: PageViewAnswer[]
  cursor: PageViewsAnswer['cursor'] | undefined
  onMore: () => void
  said: string
}

export function useMore(path: string, first: PageViewsAnswer | null): More {
  const [later, setLater] = useState<Later | null>(null)
  const [said, run] = useWork()
  const more = later?.path === path ? later : null
  const all = [...(first?.data ?? []), ...(more?.data ?? [])]
  const cursor = (more ?? first)?.cursor
  const onMore = () => {
    const next = ask<PageViewsAnswer>(`${path}&cursor=${cursor}`)
    const kept = next.then(({ data, cursor }) =>
      setLater({ path, cursor, data: [...(more?.data ?? []), ...data] }),
    )
    run(kept, '')
  }
  return { views: [...new Map(all.map(view => [view.id, view])).values()], cursor, onMore, said }
}
