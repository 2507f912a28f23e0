/**
 * Whether a page has the tag, and whether its Content-Security-Policy lets it work: the page's HTML and headers go in.
 * A tag that scripts put there later is not seen.
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
    const [tag] = tags
    const policies = [answer.headers.get('Content-Security-Policy') ?? '', ...metaPolicies(html)].filter(
      Boolean,
    )
    const host = new URL(root).origin
    for (const policy of policies)
      for (const directive of ['connect-src', 'script-src'])
        if (!allows(policy, directive, host, new URL(address).origin))
          return bad(
            `The page's Content-Security-Policy refuses ${host}: add it to ${directive}, or use data-fallback.`,
          )
    if (!tag)
      return bad(
        `No tag in the HTML of ${address}: put <script async src="${root}/fieldline.js" data-site="${site}"></script> into it. If a script or a bundle starts fieldline, this is right.`,
      )
    if (tags.length > 1)
      return bad(`The tag is there ${tags.length} times: keep one. The first that runs measures.`)
    const named = attribute(tag, 'data-site')
    if (named === undefined) return bad(`The tag has no data-site: add data-site="${site}".`)
    if (named !== site) return bad(`The tag is of site ${named}, not ${site}: set data-site="${site}".`)
    const to = attribute(tag, 'data-endpoint') ?? attribute(tag, 'src') ?? ''
    const sentTo = URL.canParse(to, address) ? new URL(to, address).origin : to
    if (sentTo !== host && sentTo !== new URL(address).origin)
      return bad(`The tag sends to ${sentTo}, not to ${host}: set its src to ${root}/fieldline.js.`)
    return ok(`has the tag${policies.length ? ', and its policy allows it' : ''}`)
  },
})

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
