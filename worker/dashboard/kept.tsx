/** A period that reaches back beyond what is kept: says so, and offers what can be compared. */

import { DAY, HOUR, hourOf } from '../../schema/domain/hour.ts'
import { count, moment } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { between, spanOf } from './query.ts'

interface KeptProps {
  /** From when on it is kept, Unix ms. */
  since: number
  /** How many days the other period lies before this one. */
  days: number
}

export function Kept({ since, days }: KeptProps) {
  const [place] = usePlace()
  const [from, end] = spanOf(place)
  const to = Math.min(hourOf(end), hourOf(Date.now())) * HOUR
  const nearer = Math.floor((from - since) / DAY)
  // Two periods that have no hour in common.
  const isApart = nearer > 0 && nearer < days && nearer * DAY >= to - from
  const half = Math.floor((to - since) / 2 / DAY)
  const each = count(half, 'day')
  return (
    <section class="panel whole" aria-label="What is kept">
      <p>
        <strong>The earlier side reaches back beyond what is kept.</strong> What these filters need is kept
        since {moment(since)}: a tag from when it was declared on, page views and their sums for as many days
        as the site’s settings say.
      </p>
      {isApart && (
        <p>
          <Link to={{ a: String(nearer) }}>Compare with {count(nearer, 'day')} before</Link>
        </p>
      )}
      {half > 0 ? (
        <p>
          <Link to={{ ...between(to - half * DAY, to), a: String(half) }}>
            Compare the last {each} of the range with the {each} before
          </Link>
        </p>
      ) : (
        <p>
          A day can be compared with the day before from {moment(since + 2 * DAY)} on. Until then compare by
          release, device or country, or take the filter away.
        </p>
      )}
    </section>
  )
}
