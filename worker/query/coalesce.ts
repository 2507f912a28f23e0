/**
 * One question to D1 for all who ask it at the moment: a key and the question go in, its answer comes out, with whether
 * another request had asked it already. Nothing is remembered once it is answered, or has failed.
 */

/** How long others join a question, in ms. One whose request was cut off is never answered, and must not hold them up. */
const JOINED = 10_000

const asked = new Map<string, { answer: Promise<unknown>; since: number }>()

/** `key` must tell questions apart by all that the answer depends on, the site among it. */
export async function once<A>(
  key: string,
  ask: () => Promise<A>,
  now: number,
): Promise<{ answer: A; shared: boolean }> {
  const running = asked.get(key)
  if (running && now < running.since + JOINED) return { answer: (await running.answer) as A, shared: true }
  const answer = ask()
  const entry = { answer, since: now }
  asked.set(key, entry)
  try {
    return { answer: await answer, shared: false }
  } finally {
    if (asked.get(key) === entry) asked.delete(key)
  }
}
