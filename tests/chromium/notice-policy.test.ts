import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chromium, site } from './started.ts'

const HASH = `sha384-${createHash('sha384').update(readFileSync('dist/fieldline.js')).digest('base64')}`

interface Policy {
  /** Content-Security-Policy, beside the one that nothing else is allowed. */
  policy: string
  /** The tag: `src` is the script on the other origin, where the beacons go, too. */
  tag: (src: string) => string
}

describe('by a Content-Security-Policy that allows nothing but the script and connections to its endpoint', () => {
  for (const [name, { policy, tag }] of Object.entries<Policy>({
    'with a nonce': {
      policy: `script-src 'nonce-abc'`,
      tag: src => `<script async nonce="abc" src="${src}" data-site="shop"></script>`,
    },
    'with a hash, which the tag states for integrity': {
      policy: `script-src '${HASH}'`,
      tag: src => `<script async crossorigin integrity="${HASH}" src="${src}" data-site="shop"></script>`,
    },
    'with strict-dynamic, put in by a script': {
      policy: `script-src 'strict-dynamic' 'nonce-abc'`,
      tag: src => `<script nonce="abc">
        const script = document.createElement('script')
        script.src = '${src}'
        script.dataset.site = 'shop'
        document.head.append(script)
      </script>`,
    },
    'with Trusted Types, of which none is allowed': {
      policy: `script-src 'nonce-abc'; require-trusted-types-for 'script'; trusted-types 'none'`,
      tag: src => `<script async nonce="abc" src="${src}" data-site="shop"></script>`,
    },
    'by sendBeacon': {
      policy: `script-src 'nonce-abc'`,
      tag: src => `<script nonce="abc">window.fetchLater = undefined</script>
        <script async nonce="abc" src="${src}" data-site="shop"></script>`,
    },
    'in a sandbox': {
      policy: `script-src 'nonce-abc'; sandbox allow-scripts`,
      tag: src => `<script async nonce="abc" src="${src}" data-site="shop"></script>`,
    },
  }))
    test(`it works ${name}, and violates nothing`, async () => {
      const url = site.page('/policy', {
        head: tag(`${site.other}/fieldline.js`),
        headers: {
          'content-security-policy': `default-src 'none'; base-uri 'none'; connect-src ${site.other}/f; ${policy}`,
        },
      })
      const page = await chromium.open(url)
      await chromium.hide(page)
      await site.until(beacons => beacons.length > 0)
      expect(chromium.complaints.splice(0)).toEqual([])
      await page.close()
    })

  test('the page would see a violation', async () => {
    const page = await chromium.open(
      site.page('/policy', {
        tag: 'data-site="shop"',
        headers: { 'content-security-policy': `script-src 'none'` },
      }),
    )
    expect(chromium.complaints.splice(0)).toEqual([expect.stringContaining('Content Security Policy')])
    await page.close()
  })
})
