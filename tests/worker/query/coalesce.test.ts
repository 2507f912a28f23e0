import { describe, expect, it } from 'vitest'
import { coalesce } from '../../../worker/query/coalesce.ts'

const never = () => new Promise<number>(() => {})
const fails = () => Promise.reject(new Error('D1 is gone'))

describe('a question', () => {
  it('that several ask at once goes out once', async () => {
    let asked = 0
    const ask = async () => ++asked
    const answers = await Promise.all([coalesce('a', ask, 0), coalesce('a', ask, 0), coalesce('b', ask, 0)])
    expect(answers).toEqual([
      { answer: 1, shared: false },
      { answer: 1, shared: true },
      { answer: 2, shared: false },
    ])
    expect(await coalesce('a', ask, 0)).toEqual({ answer: 3, shared: false })
  })

  it('that fails, fails for all who wait, and goes out anew', async () => {
    const both = await Promise.allSettled([coalesce('c', fails, 0), coalesce('c', fails, 0)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await coalesce('c', async () => 1, 0)).toEqual({ answer: 1, shared: false })
  })

  it('whose request broke off holds nobody up for ever', async () => {
    void coalesce('d', never, 0)
    const late = Promise.withResolvers<number>()
    const second = coalesce('d', () => late.promise, 10_000)
    const third = coalesce('d', never, 10_001)
    late.resolve(7)
    expect(await Promise.all([second, third])).toEqual([
      { answer: 7, shared: false },
      { answer: 7, shared: true },
    ])
  })
})
