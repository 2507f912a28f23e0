/**
 * Who counts as one visitor: the part of an address that one visitor cannot change.
 *
 * A provider gives each phone a whole /64 of IPv6 addresses, 2^64 of them, and each home 256 of these, a /56: so these count as one.
 * It takes chance for 256 phones of one network to share a /56, a site and a minute.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4291#section-2.2 the textual forms
 * @see https://www.ripe.net/publications/docs/ripe-690/ what providers are to give
 */

/** What is left of the fourth group of an IPv6 address. */
const HOME = 0xff00

/** An IPv4 address, or the first 56 bits of an IPv6 one, as four groups; null where there is no address. */
export function addressOf(text: string | undefined): string | null {
  const address = (text ?? '').trim().toLowerCase().replace(/%.*$/, '')
  if (!address.includes(':')) return ipv4(address)
  const groups = groupsOf(address)
  if (!groups) return null
  const mapped = groups.slice(0, 6).join() === '0,0,0,0,0,65535'
  if (mapped)
    return groups
      .slice(6)
      .flatMap(group => [group >> 8, group & 255])
      .join('.')
  return groups
    .slice(0, 4)
    .map((group, i) => (i < 3 ? group : group & HOME).toString(16))
    .join(':')
}

function ipv4(text: string): string | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null
  return parts.map(Number).join('.')
}

/** The eight groups of an IPv6 address; null where it is none. */
function groupsOf(address: string): number[] | null {
  // The last two groups may be written as an IPv4 address.
  const [, front = '', tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? []
  const embedded = tail === undefined ? null : ipv4(tail)
  if (tail !== undefined && embedded === null) return null
  const [a = 0, b = 0, c = 0, d = 0] = embedded?.split('.').map(Number) ?? []
  const text = embedded ? `${front}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}` : address
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [left = [], right = []] = halves.map(half => (half ? half.split(':') : []))
  const missing = 8 - left.length - right.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  return groups.every(group => /^[\da-f]{1,4}$/.test(group))
    ? groups.map(group => Number.parseInt(group, 16))
    : null
}
