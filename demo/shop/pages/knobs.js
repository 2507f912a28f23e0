/**
 * How a page misbehaves, by its query string: `?slow-hero&block`. Links within the shop carry the knobs along, and a
 * panel turns each on and off.
 */

const KNOBS = {
  'slow-hero': 'Hero picture comes 2 s late',
  'late-banner': 'A late banner moves the page',
  block: 'Buttons block the main thread',
  'slow-api': 'API calls take 1.2 s longer',
  'failing-api': 'API calls fail',
  throws: 'A late advert throws an error',
  rejects: 'The stock of a product is never known',
}

const query = new URLSearchParams(location.search)

export const isOn = knob => query.has(knob)

/** An address within the shop, with the knobs that are on. */
export function withKnobs(href) {
  const on = Object.keys(KNOBS).filter(isOn)
  return on.length ? `${href}?${on.join('&')}` : href
}

/** Blocks the main thread for `ms`, where the knob `block` is on. */
export function blockIfAsked(ms = 350) {
  if (!isOn('block')) return
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Makes this page misbehave: panel, links, banner. Every page calls it once. */
export function misbehave() {
  for (const link of document.querySelectorAll('a[href^="/demo/"]'))
    link.href = withKnobs(link.getAttribute('href'))
  document.body.append(panel())
  if (isOn('late-banner')) setTimeout(showBanner, 900)
  // The load event waits for the script of fieldline, which sees no error before it has run.
  addEventListener('load', () => {
    if (isOn('throws')) setTimeout(showAdvert, 300)
    if (isOn('rejects')) askStock(7)
  })
}

/** Throws a TypeError that nobody catches: the slot is on no page. */
function showAdvert() {
  document.getElementById('advert').hidden = false
}

/** Rejects, and nobody listens. */
async function askStock(product) {
  throw new Error(`No stock of product ${product}`)
}

function showBanner() {
  const banner = document.createElement('p')
  banner.className = 'banner'
  banner.textContent = 'Free delivery by bicycle until Sunday, and an apology for arriving late.'
  document.querySelector('main').prepend(banner)
}

function panel() {
  const details = document.createElement('details')
  details.className = 'panel'
  const summary = document.createElement('summary')
  summary.textContent = 'Misbehave'
  const list = document.createElement('ul')
  for (const [knob, text] of Object.entries(KNOBS)) {
    const toggled = Object.keys(KNOBS).filter(other => isOn(other) !== (other === knob))
    const link = document.createElement('a')
    link.href = `?${toggled.join('&')}`
    link.textContent = text
    if (isOn(knob)) {
      link.setAttribute('aria-current', 'true')
      details.open = innerWidth > 700
    }
    const item = document.createElement('li')
    item.append(link)
    list.append(item)
  }
  details.append(summary, list)
  return details
}
