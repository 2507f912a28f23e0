import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { routeName, template } from '../../../schema/domain/route.ts'
import { canBeTold, KINDS, WORDS } from './ids.ts'

describe('template', () => {
  test.each([
    ['numbers', '/orders/1234', '/orders/[id]'],
    ['short numbers', '/page/2', '/page/[id]'],
    ['UUIDs', '/u/0b8e9e86-71c4-4b7b-9a3c-0f8a0ec70001/edit', '/u/[id]/edit'],
    ['UUIDs in capitals', '/u/FFFFFFFF-AAAA-4BBB-ABCD-ABCDEFABCDEF', '/u/[id]'],
    ['hashes', '/commit/9d27372', '/commit/[id]'],
    ['long hashes', '/blob/da39a3ee5e6b4b0d3255bfef95601890afd80709', '/blob/[id]'],
    ['object ids', '/o/507f1f77bcf86cd799439011', '/o/[id]'],
    ['dates', '/2026-11-14/2026/11', '/[id]/[id]/[id]'],
    ['times', '/log/2026-11-14T10:30:00Z', '/log/[id]'],
    ['email addresses', '/user/jane@example.com', '/user/[id]'],
    ['encoded email addresses', '/user/jane%40example.com', '/user/[id]'],
    ['handles', '/@jane/posts', '/[id]/posts'],
    ['nanoids', '/s/V1StGXR8_Z5jdHi6B-myT', '/s/[id]'],
    ['ULIDs', '/s/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/s/[id]'],
    ['video ids', '/watch/dQw4w9WgXcQ', '/watch/[id]'],
    ['JSON web tokens', '/v/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc', '/v/[id]'],
    ['numbers in words', '/order-100234/x', '/[id]/x'],
    ['files of numbers', '/img/42.png', '/img/[id]'],
    ['path parameters', '/cart;jsessionid=A1B2/pay', '/cart/pay'],
    ['numbers behind names', '/shop/item-621', '/shop/[id]'],
    ['email addresses encoded twice', '/user/jane%2540example.com', '/user/[id]'],
    ['email addresses in base64', '/user/amFuZUBleGFtcGxlLmNvbQ==', '/user/[id]'],
    ['numbers behind an encoded slash', '/user/u%2F586', '/user/[id]'],
    ['global ids', '/node/VXNlcjo4MjQ', '/node/[id]'],
    ['vouchers', '/voucher/K7X2PQ9Z', '/voucher/[id]'],
    ['a token behind words', '/p/blue-shoes-x7k2p9qa', '/p/[id]'],
  ])('takes %s for ids', (_, path, route) => {
    expect(template(path)).toBe(route)
  })

  test.each([
    '/',
    '/about',
    '/face2face',
    '/apis/v2alpha1/v1beta2',
    '/checkout/step1of3',
    '/errors/404',
    '/404.html',
    '/500',
    '/best-phones-of-2026',
    '/pt_BR/zh-Hans-CN',
    '/api/parseJSON/getURL/README/toLocaleString',
    '/blog/how-to-measure-what-visitors-get',
    '/top-10-tips-for-2026',
    '/api/v2/users',
    '/api/getUserProfileV2',
    '/oauth2_callback',
    '/es2020',
    '/rfc9457',
    '/decade/facade',
    '/browse/brands/blog/flights/news/shows/throws/skills/followers/workshops',
    '/日本/製品',
    '/100%/off%ZZ',
  ])('leaves %s as it is', path => {
    expect(template(path)).toBe(path)
  })

  test.each([
    ['an encoded letter', '/caf%C3%A9/%e6%97%a5', '/café/日'],
    ['an encoded tilde', '/%7Euser', '/~user'],
    ['escapes in small letters', '/a%2fb/c%3fd', '/a%2Fb/c%3Fd'],
    ['a slash at the end', '/about/', '/about'],
    ['slashes in a row', '//about///us', '/about/us'],
    ['an index page', '/about/index.html', '/about'],
    ['the first page by its file', '/index.php', '/'],
    ['nothing', '', '/'],
  ])('folds %s into one route', (_, path, route) => {
    expect(template(path)).toBe(route)
  })

  test('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.webPath(), path => {
        const once = template(path)
        expect(template(once)).toBe(once)
      }),
    )
  })

  test('adds no query string, no fragment and no segment', () => {
    const path = fc.array(fc.webSegment(), { minLength: 1 }).map(parts => `/${parts.join('/')}`)
    fc.assert(
      fc.property(path, path => {
        const route = template(path)
        expect(route).not.toMatch(/[?#]/)
        expect(route.split('/').length).toBeLessThanOrEqual(path.split('/').length)
      }),
    )
  })

  test('misses fewer than 2% of the ids of ten kinds', () => {
    const ids = Object.values(KINDS).flatMap(make => Array.from({ length: 1_000 }, make).filter(canBeTold))
    expect(ids.length).toBeGreaterThan(9_500)
    const missed = ids.filter(id => template(`/x/${id}`) !== '/x/[id]')
    expect(missed.length / ids.length).toBeLessThan(0.02)
  })

  test('takes fewer than 1% of words, slugs, versions and file names for ids', () => {
    expect(WORDS.length).toBeGreaterThan(2_000)
    const taken = WORDS.filter(word => template(`/${word}`) === '/[id]')
    expect(taken.length / WORDS.length).toBeLessThan(0.01)
  })

  test('lets no number of five digits, address or UUID through, wherever it stands', () => {
    const secret = fc.oneof(
      fc.integer({ min: 10_000 }).map(String),
      fc.uuid(),
      fc.emailAddress().map(address => encodeURIComponent(address)),
    )
    const segment = fc.oneof(secret, fc.webSegment())
    fc.assert(
      fc.property(fc.array(segment), secret, fc.array(segment), (before, found, after) => {
        const route = template(`/${[...before, found, ...after].join('/')}`)
        expect(route.split('/')).toContain('[id]')
        expect(route).not.toContain(found)
      }),
    )
  })
})

test('a given name loses its query string and its fragment', () => {
  expect(routeName('/p/[id]?token=1#part')).toBe('/p/[id]')
  expect(routeName('/p\n?token\n=1')).toBe('/p\n')
  expect(routeName('?')).toBe('')
})
