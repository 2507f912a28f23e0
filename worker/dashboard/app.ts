/**
 * The page at `/`: state of the address -> API -> cards and tables. Every change of state runs `show` anew, which
 * calls off the one before it.
 */

import { cards } from './cards.ts'
import { ApiError, askSummaries, client, listSites, type Summaries } from './client.ts'
import { byId, h } from './dom.ts'
import { signInForm } from './signin.ts'
import {
  dropToken,
  isRange,
  keepToken,
  pushView,
  RANGES,
  type Range,
  readToken,
  readView,
  type View,
} from './state.ts'
import { endpointTable, routeTable } from './tables.ts'

const main = byId('main', HTMLElement)
const status = byId('status', HTMLElement)
const filters = byId('filters', HTMLFormElement)
const siteSelect = byId('site', HTMLSelectElement)
const rangeSelect = byId('range', HTMLSelectElement)

let running = new AbortController()

async function show(): Promise<void> {
  running.abort()
  running = new AbortController()
  const { signal } = running
  const token = readToken()
  if (!token) return showSignIn(null)
  status.textContent = 'Loading …'
  main.setAttribute('aria-busy', 'true')
  try {
    const view = readView()
    const ask = client(token, signal)
    const sites = await listSites(ask)
    const site = view.site ?? sites[0]
    showFilters(sites, { ...view, site: site ?? null })
    if (site === undefined) showMessage('There is no site yet. Create one: PUT /v1/sites/<name>.')
    else showSummaries(await askSummaries(ask, site, view.range), site, view.range)
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof ApiError && error.status === 401) {
      dropToken()
      return showSignIn('This token is not valid here.')
    }
    showMessage(error instanceof Error ? error.message : String(error), 'alert')
  }
  main.removeAttribute('aria-busy')
}

function showSummaries({ overall, routes, endpoints }: Summaries, site: string, range: Range): void {
  const hasData = overall.data.length > 0 || endpoints.data.length > 0
  status.textContent = `${site}, ${RANGES[range].toLowerCase()}, until ${overall.to.slice(0, 16).replace('T', ' ')} UTC`
  main.replaceChildren(
    ...(hasData ? [] : [h('p', { class: 'message' }, 'no data: no page view arrived in this range.')]),
    cards(overall),
    routeTable(routes),
    endpointTable(endpoints),
  )
}

function showFilters(sites: string[], { site, range }: View): void {
  const names = site === null || sites.includes(site) ? sites : [...sites, site]
  siteSelect.replaceChildren(...names.map(name => h('option', { value: name }, name)))
  rangeSelect.replaceChildren(...Object.entries(RANGES).map(([value, text]) => h('option', { value }, text)))
  siteSelect.value = site ?? ''
  rangeSelect.value = range
  filters.hidden = false
}

function showMessage(text: string, role = 'status'): void {
  status.textContent = ''
  main.replaceChildren(h('p', { class: 'message', role }, text))
}

function showSignIn(error: string | null): void {
  filters.hidden = true
  status.textContent = ''
  main.removeAttribute('aria-busy')
  const onToken = (token: string) => {
    keepToken(token)
    void show()
  }
  main.replaceChildren(signInForm(error, onToken))
  byId('token', HTMLInputElement).focus()
}

filters.addEventListener('change', () => {
  const range = rangeSelect.value
  pushView({ site: siteSelect.value || null, range: isRange(range) ? range : '24h' })
  void show()
})
filters.addEventListener('submit', event => event.preventDefault())
byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
  running.abort()
  dropToken()
  showSignIn(null)
})
addEventListener('popstate', () => void show())
addEventListener('hashchange', () => void show())
void show()
