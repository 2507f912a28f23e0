import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { routeName, template } from '../../schema/route.ts'

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
  ])('takes %s for ids', (_, path, route) => {
    expect(template(path)).toBe(route)
  })

  test.each([
    '/',
    '/about',
    '/about/',
    '/blog/how-to-measure-what-visitors-get',
    '/top-10-tips-for-2026',
    '/api/v2/users',
    '/api/getUserProfileV2',
    '/oauth2_callback',
    '/es2020',
    '/rfc9457',
    '/decade/facade',
    '/index.html',
    '/%E6%97%A5%E6%9C%AC/%E8%A3%BD%E5%93%81',
    '/caf%C3%A9',
    '/100%/off%zz',
  ])('leaves %s as it is', path => {
    expect(template(path)).toBe(path)
  })

  test('changes nothing the second time, and keeps the number of segments', () => {
    fc.assert(
      fc.property(fc.webPath(), path => {
        const once = template(path)
        expect(template(once)).toBe(once)
        expect(once.split('/')).toHaveLength(path.split('/').length)
      }),
    )
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
        expect(route.split('/')[before.length + 1]).toBe('[id]')
      }),
    )
  })
})

test('a given name loses its query string and its fragment', () => {
  expect(routeName('/p/[id]?token=1#part')).toBe('/p/[id]')
  expect(routeName('/p\n?token\n=1')).toBe('/p\n')
  expect(routeName('?')).toBe('')
})
