/** Names of routes in one form, and the tag in streams of HTML. tests/frameworks tries the adapters in their frameworks. */

import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { fieldline, withFieldline } from '../../sdk/adapters/hono.ts'
import { dataTag, insertIntoHead, isOpenHtml, withHead } from '../../sdk/adapters/html.ts'
import { nameByParams, nameOf } from '../../sdk/adapters/name.ts'
import { fieldline as nuxtPlugin } from '../../sdk/adapters/nuxt.ts'
import { start } from '../../sdk/adapters/react-router.ts'

describe('the pattern of a router', () => {
  it.each([
    // Vue Router and Nuxt
    ['/products/:slug()', '/products/[slug]'],
    ['/users/:id(\\d+)', '/users/[id]'],
    ['/:lang(de|en)?/about', '/[lang]/about'],
    ['/docs/:path(.*)*', '/docs/[...path]'],
    ['/a/:id(\\d+/\\d+)', '/a/[id]'],
    // React Router and Angular
    ['//products/:slug', '/products/[slug]'],
    ['/files/*', '/files/[...rest]'],
    ['/:slug?', '/[slug]'],
    ['products/:id/**', '/products/[id]/[...rest]'],
    // Hono
    ['/post/:date{[0-9]+}/:title{[a-z/]+}', '/post/[date]/[title]'],
    ['/docs/:path{.+}', '/docs/[...path]'],
    // SvelteKit
    ['/(app)/products/[slug]', '/products/[slug]'],
    ['/[[lang]]/[id=integer]', '/[lang]/[id]'],
    ['/docs/[...path]', '/docs/[...path]'],
    // Next.js and Astro
    ['/docs/[[...path]]', '/docs/[...path]'],
    ['/@modal/(.)photo', '/(.)photo'],
    ['/[id].json', '/[id].json'],
    ['/', '/'],
    ['', '/'],
  ])('%s is %s', (pattern, name) => {
    expect(nameOf(pattern)).toBe(name)
  })
})

describe('an address with its parameters', () => {
  it.each<[string, Parameters<typeof nameByParams>[1], string]>([
    ['/products/shoe', { slug: 'shoe' }, '/products/[slug]'],
    ['/', {}, '/'],
    // The same text is a folder and a value.
    ['/shop/shop', { slug: 'shop' }, '/shop/[slug]'],
    ['/x/x', { category: 'x', slug: 'x' }, '/[category]/[slug]'],
    // A value is a part of another part.
    ['/pro/products/pro', { slug: 'pro' }, '/pro/products/[slug]'],
    // Characters of regular expressions.
    ['/tags/c++/(a.b)', { tag: 'c++', name: '(a.b)' }, '/tags/[tag]/[name]'],
    ['/tags/$&', { tag: '$&' }, '/tags/[tag]'],
    // Written as in the address, and not.
    ['/caf%C3%A9/x', { name: 'café' }, '/[name]/x'],
    ['/caf%C3%A9/x', { name: 'caf%C3%A9' }, '/[name]/x'],
    ['/100%/x', { name: '100%' }, '/[name]/x'],
    // Catch-all routes.
    ['/docs/a/b', { path: ['a', 'b'] }, '/docs/[...path]'],
    ['/docs/a', { path: ['a'] }, '/docs/[...path]'],
    ['/docs', { path: undefined }, '/docs'],
    ['/docs/a/b/edit', { path: ['a', 'b'] }, '/docs/[...path]/edit'],
    ['/files/a/b', { '*': 'a/b' }, '/files/[...*]'],
    // A parallel route has a parameter that this address does not have.
    ['/feed', { photo: '5' }, '/feed'],
    ['/photo/5', { id: '5' }, '/photo/[id]'],
  ])('%s with %j is %s', (path, params, name) => {
    expect(nameByParams(path, params)).toBe(name)
  })

  it('takes the parameters of React Router, typed by what they are handed to', () => {
    type Handed = string | Record<string, string | undefined>
    type Given<P extends Handed> = [P] extends [string]
      ? { readonly [name in P]: string | undefined }
      : Partial<P>
    const useParams = <P extends Handed = string>() => ({ slug: 'shoe' }) as unknown as Readonly<Given<P>>
    expect(nameByParams('/products/shoe', useParams())).toBe('/products/[slug]')
  })
})

const options = { site: 'shop', endpoint: 'https://rum.example.com/f' }

it('answers the router of React Router, which its provider needs', () => {
  const router = {
    state: {
      location: { pathname: '/' },
      navigation: { state: 'idle' },
      matches: [{ route: { path: '/' } }],
    },
    subscribe: () => {},
    navigate: () => {},
  }
  expect(start(router, options).navigate).toBe(router.navigate)
})

it('starts in Nuxt without pages, which has no router', () => {
  expect(() => nuxtPlugin(options)({})).not.toThrow()
})

/** Each chunk as its bytes, when it is there. */
function streamOf(chunks: Iterable<string> | AsyncIterable<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for await (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      controller.close()
    },
  })
}

describe('the tag in HTML', () => {
  const through = async (chunks: string[]) => {
    return new Response(streamOf(chunks).pipeThrough(insertIntoHead('<T>'))).text()
  }

  it.each([
    [['<html><head><title>é</title>'], '<html><head><T><title>é</title>'],
    [['<ht', 'ml><he', 'ad lang="x">', 'rest'], '<html><head lang="x"><T>rest'],
    [['<header>a</header>'], '<header>a</header>'],
    [['<body>a', '<head>'], '<body>a<head>'],
    [[], ''],
  ])('%j becomes %s', async (chunks, expected) => {
    expect(await through(chunks)).toBe(expected)
  })

  it('does not wait for the end of the page', async () => {
    let go = () => {}
    const gate = new Promise<void>(resolve => {
      go = resolve
    })
    async function* page() {
      yield '<head>'
      await gate
      yield '<p>late</p>'
    }
    const reader = streamOf(page()).pipeThrough(insertIntoHead('<T>')).getReader()
    const first = await reader.read()
    expect(new TextDecoder().decode(first.value)).toBe('<head>')
    go()
    let rest = ''
    for (let part = await reader.read(); !part.done; part = await reader.read())
      rest += new TextDecoder().decode(part.value)
    expect(rest).toBe('<T><p>late</p>')
  })

  it.each([
    [{ 'Content-Type': 'text/html' }, 'page', true],
    [{ 'Content-Type': 'Text/HTML; charset=utf-8' }, 'page', true],
    [{ 'Content-Type': 'text/htmlx' }, 'page', false],
    [{ 'Content-Type': 'application/xhtml+xml' }, 'page', false],
    [{ 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' }, 'page', false],
    [{ 'Content-Type': 'text/html' }, null, false],
    [{}, 'page', false],
  ])('may come into an answer with %j: %s, %s', (headers, body, expected) => {
    const response = new Response(body, { headers })
    if (!('Content-Type' in headers)) response.headers.delete('Content-Type')
    expect(isOpenHtml(response)).toBe(expected)
  })

  it('leaves status and headers, but for what is no longer true of the bytes', async () => {
    const headers = { 'Content-Length': '6', ETag: '"1"', 'X-Own': 'kept' }
    const strong = withHead(new Response('<head>', { status: 404, statusText: 'Gone', headers }), '<T>')
    expect([strong.status, strong.statusText, await strong.text()]).toEqual([404, 'Gone', '<head><T>'])
    expect(Object.fromEntries(strong.headers)).toEqual({
      'content-type': 'text/plain;charset=UTF-8',
      etag: 'W/"1"',
      'x-own': 'kept',
    })
    const weak = withHead(new Response('<head>', { headers: { ETag: 'W/"1"' } }), '')
    expect(weak.headers.get('ETag')).toBe('W/"1"')
  })

  it('writes options as attributes, and no value breaks out of one', () => {
    const data = { site: 'shop', release: undefined, route: '/a"><script>&amp;' }
    expect(dataTag('/fieldline.js?a=1&b=2', undefined, data)).toBe(
      '<script async src="/fieldline.js?a=1&amp;b=2" data-site="shop" data-route="/a&quot;><script>&amp;amp;"></script>',
    )
  })

  const options = { src: 'https://rum.example.com/fieldline.js', site: 'shop', nonce: 'a"b' }

  it('comes into what Hono answers, with the name of the route, and leaves the rest', async () => {
    const app = new Hono()
    app.use(fieldline(options))
    app.get('/p/:id', c => c.html('<head></head>', 200, { ETag: '"1"', 'Content-Length': '13' }))
    app.get('/data', c => c.json({ head: '<head>' }))
    const page = await app.request('/p/7')
    expect(await page.text()).toBe(
      '<head><script async src="https://rum.example.com/fieldline.js" nonce="a&quot;b" data-site="shop" data-route="/p/[id]"></script></head>',
    )
    expect(page.headers.get('Server-Timing')).toMatch(/^total;dur=\d+$/)
    expect(page.headers.get('ETag')).toBe('W/"1"')
    expect(page.headers.get('Content-Length')).toBeNull()
    expect(await (await app.request('/data')).json()).toEqual({ head: '<head>' })
    expect((await app.request('/none')).status).toBe(404)
  })

  it("enters a fetch handler's answer, unless that is compressed", async () => {
    const html = { 'Content-Type': 'text/html; charset=utf-8' }
    const plain = withFieldline(() => new Response('<head>', { headers: html }), options)
    expect(await (await plain(new Request('https://x/'))).text()).toContain('data-site="shop"')
    const packed = withFieldline(
      () => new Response('<head>', { headers: { ...html, 'Content-Encoding': 'br' } }),
      options,
    )
    expect(await (await packed(new Request('https://x/'))).text()).toBe('<head>')
    const none = withFieldline(() => new Response(null, { status: 304, headers: html }), options)
    expect((await none(new Request('https://x/'))).status).toBe(304)
  })
})
