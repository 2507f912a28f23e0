/**
 * Runs in the head of the page, while the rest of its code is on its way: asks what the first screen needs, so that the
 * numbers come a round trip sooner. The page takes the answers as its own (`takeEarly`).
 */

import { firstOf } from './first.ts'
import { readToken } from './session.ts'
import { readPlace } from './url-state.ts'

const place = readPlace(location.search)
const token = readToken()
if (token && place.site && place.view === 'overview') {
  const { changes, summary, trends } = firstOf(place)
  const headers = { Authorization: `Bearer ${token}` }
  const asked = [changes, summary, trends].map(path => {
    const answer = fetch(path, { headers })
    // The page asks anew, and says what is wrong.
    answer.catch(() => {})
    return [path, answer] as const
  })
  Reflect.set(window, 'early', new Map(asked))
}
