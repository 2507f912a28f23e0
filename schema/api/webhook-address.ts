/**
 * Which addresses a webhook may have. A worker that posts to any address could be sent into the network around it.
 *
 * `URL` has written every form of an IPv4 address (0x7f.1, 2130706433, 0177.0.0.1) with four numbers by then. A name is
 * resolved by Cloudflare, after this, so one that leads to a private address is Cloudflare's to refuse.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */

/** First address and length of the prefix, of what is no public address. */
const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
/** Names that no public server answers for. */
const PRIVATE_NAME =
  /(^|\.)(localhost|local|internal|intranet|private|lan|home|corp|home\.arpa|test|invalid|onion)$/
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** Null where a message may be sent there. On the machine of a developer that may be the machine itself, by http. */
export function badWebhook(text: string): string | null {
  const url = URL.parse(text)
  if (!url) return 'is not an address'
  if (url.username || url.password) return 'must not have a user name or password'
  if (isLoopback(text)) return null
  if (url.protocol !== 'https:') return 'must be an https address'
  const port = Number(url.port || 443)
  if (port < 1024 && port !== 443) return 'must use port 443, or one from 1024'
  return isPublic(url.hostname)
    ? null
    : 'must be a public address: this one is private, or of the machine itself'
}

/** True for http to the machine itself, which only a worker that is asked there itself takes. */
export function isLoopback(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'http:' && LOOPBACK.test(url.hostname)
}

function isPublic(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '')
  if (host.startsWith('[')) return isPublicIpv6(host.slice(1, -1))
  if (/^[\d.]+$/.test(host)) return isPublicIpv4(host)
  return host.includes('.') && !PRIVATE_NAME.test(host)
}

function isPublicIpv4(address: string): boolean {
  const value = numberOf(address)
  return !PRIVATE_IPV4.some(([first, length]) => (value ^ numberOf(first)) >>> (32 - length) === 0)
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** Of IPv6 only 2000::/3 is in use, without what stands for IPv4 (Teredo, 6to4) and what is for books. */
function isPublicIpv6(address: string): boolean {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text ? text.split(':').map(group => Number.parseInt(group, 16)) : [])
  const [first, last] = [groups(head), groups(tail ?? '')]
  const all =
    tail === undefined ? first : [...first, ...Array(8 - first.length - last.length).fill(0), ...last]
  const [a = 0, b = 0] = all
  if (a < 0x2000 || a > 0x3fff || a === 0x2002) return false
  return !(a === 0x2001 && (b < 0x200 || b === 0xdb8)) && !(a === 0x3fff && b < 0x1000)
}
