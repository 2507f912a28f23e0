/** The shop's API: paths go in, JSON comes out. The knobs `slow-api` and `failing-api` spoil every call. */

import { isOn } from './knobs.js'

const DELAY = 1200

export async function api(path, body) {
  const query = new URLSearchParams()
  if (isOn('slow-api')) query.set('delay', DELAY)
  if (isOn('failing-api')) query.set('fail', 500)
  const mark = path.includes('?') ? '&' : '?'
  const init = body && {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
  const answer = await fetch(`/demo/api/${path}${query.size ? mark + query : ''}`, init)
  if (!answer.ok) throw new Error(`The shop answered ${answer.status}.`)
  return answer.json()
}

export const euros = cents => `€ ${(cents / 100).toFixed(2)}`
