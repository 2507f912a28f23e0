import { describe, expect, test } from 'vitest'
import { startTwins, TAG } from './twins.ts'

const twins = startTwins()
const { same } = twins

describe('with the SDK on the page', () => {
  test('every global, its prototype and their properties look as before', async () => {
    const transcript = await same(page =>
      page.evaluate(() => {
        const described = (value: unknown) =>
          typeof value === 'function'
            ? [
                value.name,
                value.length,
                /\[native code\]/.test(String(value)),
                ...Reflect.ownKeys(value).map(String),
              ].join()
            : typeof value
        const shape = (owner: object) =>
          Reflect.ownKeys(owner)
            .filter(key => key !== 'fieldline')
            .map(key => {
              const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(owner, key) ?? {}
              return [String(key), ...Object.values(flags), ...[value, get, set].map(described)].join()
            })
        const shapes = Object.values(Object.getOwnPropertyDescriptors(window)).flatMap(({ value }) =>
          typeof value === 'function' && value.prototype
            ? [value.name, ...shape(value), ...shape(value.prototype)]
            : [],
        )
        return [...shape(window), ...shapes, ...shape(navigator), ...shape(document), ...shape(performance)]
      }),
    )
    expect(transcript).toContain('fetch,true,true,true,fetch,1,true,length,name,undefined,undefined')
    expect(transcript).toContain('open,true,true,true,open,2,true,length,name,undefined,undefined')
    expect(transcript.length).toBeGreaterThan(10_000)
  })

  test('the source of fetch and XMLHttpRequest is native as before, but has lost its name', async () => {
    const page = await twins.chromium.open(twins.site.page('/source', { tag: TAG }))
    const sources = await page.evaluate(() => {
      const { open, send, abort } = XMLHttpRequest.prototype
      return [fetch, open, send, abort].map(String)
    })
    expect(sources).toEqual(Array(4).fill('function () { [native code] }'))
    await page.close()
  })
})
