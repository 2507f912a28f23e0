/**
 * Whether a page has the tag, and whether its Content-Security-Policy lets it work, by the page's HTML and headers. A tag that
 * scripts put there later is not seen.
 */

import { bad, type Check, ok, request } from './check.ts'

export const pageCheck = (address: string): Check => ({
  name: 'page',
  apart: true,
  async look({ root, site }) {
    const answer = await request(address, { headers: { Accept: 'text/html' } })
    if (!answer.ok) return bad(`${address} answered ${answer.status}: name a page that is open to everybody.`)
    const html = await answer.text()
    const scripts = html.replace(/<!--.*?-->/gs, '').match(/<script\b[^>]*>/gi) ?? []
    const tags = scripts.filter(text => /fieldline[\w.-]*\.js/i.test(text))
    const policies = [answer.headers.get('Content-Security-Policy') ?? '', ...metaPolicies(html)].filter(
      Boolean,
    )
    const page = { address, root, site }
    const fault = policyFault(policies, page) ?? tagsFault(tags, page)
    return fault ? bad(fault) : ok(`has the tag${policies.length ? ', and its policy allows it' : ''}`)
  },
})

interface Page {
  address: string
  /** Of the worker that it is to send to, and the site. */
  root: string
  site: string
}

/** Which directive keeps the tag from its work, and what to do; null: none. */
function policyFault(policies: readonly string[], { address, root }: Page): string | null {
  const [host, self] = [new URL(root).origin, new URL(address).origin]
  const [refusing] = policies.flatMap(policy =>
    ['connect-src', 'script-src'].filter(directive => !allows(policy, directive, host, self)),
  )
  return refusing
    ? `The page's Content-Security-Policy refuses ${host}: add it to ${refusing}, or use data-fallback.`
    : null
}

function tagsFault([tag, ...more]: readonly string[], page: Page): string | null {
  const { address, root, site } = page
  if (!tag)
    return `No tag in the HTML of ${address}: put <script async src="${root}/fieldline.js" data-site="${site}"></script> into it. If a script or a bundle starts fieldline, this is right.`
  if (more.length) return `The tag is there ${more.length + 1} times: keep one. The first that runs measures.`
  return tagFault(tag, page)
}

function tagFault(tag: string, { address, root, site }: Page): string | null {
  const named = attribute(tag, 'data-site')
  if (named === undefined) return `The tag has no data-site: add data-site="${site}".`
  if (named !== site) return `The tag is of site ${named}, not ${site}: set data-site="${site}".`
  const to = attribute(tag, 'data-endpoint') ?? attribute(tag, 'src') ?? ''
  const sentTo = URL.canParse(to, address) ? new URL(to, address).origin : to
  const host = new URL(root).origin
  return sentTo === host || sentTo === new URL(address).origin
    ? null
    : `The tag sends to ${sentTo}, not to ${host}: set its src to ${root}/fieldline.js.`
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(tag)
  return found?.slice(1).find(text => text !== undefined)
}

function metaPolicies(html: string): string[] {
  return [...html.matchAll(/<meta\b[^>]*http-equiv=["']?content-security-policy["']?[^>]*>/gi)].map(
    ([meta]) => attribute(meta, 'content') ?? '',
  )
}

/** Whether a directive, or what stands in for it, lists the host. Hashes and nonces are taken for the tag's own. */
function allows(policy: string, directive: string, host: string, self: string): boolean {
  const directives = new Map(
    policy.split(';').map(part => {
      const [name = '', ...sources] = part.trim().split(/\s+/)
      return [name.toLowerCase(), sources] as const
    }),
  )
  const sources = directives.get(directive) ?? directives.get('default-src')
  if (!sources) return true
  const { hostname, protocol } = new URL(host)
  return sources.some(source => {
    if (source === '*' || source === protocol || source === host || source === `${host}/`) return true
    if (source === "'self'") return host === self
    if (directive === 'script-src' && /^'(nonce-|sha\d|strict-dynamic)/.test(source)) return true
    const name = source.replace(/^https?:\/\//, '').replace(/[:/].*$/, '')
    return name === hostname || (name.startsWith('*.') && hostname.endsWith(name.slice(1)))
  })
}
