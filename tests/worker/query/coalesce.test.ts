import { describe, expect, it } from 'vitest'
import { once } from '../../../worker/query/coalesce.ts'

const never = () => new Promise<number>(() => {})
const fails = () => Promise.reject(new Error('D1 is gone'))

describe('a question', () => {
  it('that several ask at once is asked once', async () => {
    let asked = 0
    const ask = async () => ++asked
    const answers = await Promise.all([once('a', ask, 0), once('a', ask, 0), once('b', ask, 0)])
    expect(answers).toEqual([
      { answer: 1, shared: false },
      { answer: 1, shared: true },
      { answer: 2, shared: false },
    ])
    expect(await once('a', ask, 0)).toEqual({ answer: 3, shared: false })
  })

  it('that fails, fails for all who wait, and is asked anew', async () => {
    const both = await Promise.allSettled([once('c', fails, 0), once('c', fails, 0)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await once('c', async () => 1, 0)).toEqual({ answer: 1, shared: false })
  })

  it('whose request was cut off holds nobody up for ever', async () => {
    void once('d', never, 0)
    const late = Promise.withResolvers<number>()
    const second = once('d', () => late.promise, 10_000)
    const third = once('d', never, 10_001)
    late.resolve(7)
    expect(await Promise.all([second, third])).toEqual([
      { answer: 7, shared: false },
      { answer: 7, shared: true },
    ])
  })
})
