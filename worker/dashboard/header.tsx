/** The head of every view: what it is about (site, range, percentile, device, filters) and how it is shown. */

import { useEffect } from 'preact/hooks'
import { DAY } from '../../schema/domain/hour.ts'
import { usePlace } from './link.tsx'
import { between, SHIFT, ZONE } from './query.ts'
import { Chips, Tabs } from './tabs.tsx'
import { FILTERS, type FilterName, PERCENTILES, RANGES, titleOf, toSite, VIEWS } from './url-state.ts'

const DEVICES = { '': 'All devices', phone: 'Phone', tablet: 'Tablet', desktop: 'Desktop' }
/** Views that are about a site whatever the range and the filters are. */
const ABOUT_ALL: readonly string[] = ['budgets', 'names', 'sites']
/** Views that show no figure at the chosen percentile. */
const WITHOUT_PERCENTILE: readonly string[] = ['views', 'parties', 'errors']
const THEMES = { system: 'System', light: 'Light', dark: 'Dark' }

/** Pixels from the left of a phone's page to its tabs, with some of the tab before. */
const TABS = 100

export function Header({ sites, onSignOut }: { sites: string[]; onSignOut: () => void }) {
  const [place, move] = usePlace()
  // A phone's tabs scroll: they begin at the view that is shown. The page itself stays where it is.
  useEffect(() => {
    const tab = document.querySelector<HTMLElement>('.top [aria-current]')
    if (tab?.parentElement) tab.parentElement.scrollLeft = tab.offsetLeft - TABS
  }, [place.view])
  const known = !place.site || sites.includes(place.site) ? sites : [...sites, place.site]
  return (
    <header>
      <div class="top">
        <h1>fieldline</h1>
        <Tabs
          label="Views"
          name="view"
          options={VIEWS}
          also={{ id: '', target: '', event: '', error: '', q: '', col: '', after: '', panel: '' }}
        />
        <button type="button" class="more" popovertarget="more">
          More
        </button>
        <div class="aside" id="more" popover="auto">
          <Choice name="theme" label="Theme" options={THEMES} />
          <button
            type="button"
            aria-pressed={place.live === 'on'}
            onClick={() => move({ live: place.live === 'on' ? 'off' : 'on' })}
          >
            <span class="dot" /> Live
          </button>
          <button type="button" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </div>
      <form class="filters" aria-label="Filters" onSubmit={event => event.preventDefault()}>
        <Choice name="site" label="Site" options={Object.fromEntries(known.map(site => [site, site]))} />
        {!ABOUT_ALL.includes(place.view) && (
          <>
            <Choice name="range" label="Range" options={RANGES} />
            {place.range === 'own' && <Day name="from" label="From" />}
            {place.range === 'own' && <Day name="to" label="To" />}
            {!WITHOUT_PERCENTILE.includes(place.view) && (
              <Choice
                name="p"
                label="Percentile"
                options={Object.fromEntries([...PERCENTILES, place.p].map(p => [p, `p${p}`]))}
              />
            )}
            <Choice
              name="device"
              label="Device"
              options={{ [place.device]: place.device.includes('\n') ? 'Several' : place.device, ...DEVICES }}
            />
          </>
        )}
        <button
          type="button"
          aria-expanded={place.panel === 'segments'}
          onClick={() => move({ panel: place.panel ? '' : 'segments' })}
        >
          Segments
        </button>
        {!ABOUT_ALL.includes(place.view) && <Filters />}
        <p class="soft">Times are UTC{ZONE === '+00:00' ? '' : ZONE}</p>
      </form>
    </header>
  )
}

interface ChoiceProps {
  name: 'site' | 'range' | 'p' | 'device' | 'theme'
  label: string
  options: Record<string, string>
}

function Choice({ name, label, options }: ChoiceProps) {
  const [place, move] = usePlace()
  // Integer keys would come first, in any order that they are written in: p50, p75 are in order anyway.
  return (
    <label>
      <span>{label}</span>
      <select
        value={place[name]}
        onChange={event => {
          const value = event.currentTarget.value
          if (name === 'site') move(toSite(value, place))
          else move(value === 'own' ? { range: 'own', ...lastWeek() } : { [name]: value, id: '' })
        }}
      >
        {Object.entries(options).map(([value, text]) => (
          <option key={value} value={value} selected={value === place[name]}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

function Day({ name, label }: { name: 'from' | 'to'; label: string }) {
  const [place, move] = usePlace()
  const zoomed = place[name].includes('T') && !Number.isNaN(Date.parse(place[name]))
  return (
    <label>
      <span>{label}</span>
      <input
        type={zoomed ? 'datetime-local' : 'date'}
        required
        value={zoomed ? new Date(Date.parse(place[name]) + SHIFT).toISOString().slice(0, 16) : place[name]}
        max={zoomed ? '' : dayOf(0)}
        onChange={({ currentTarget: { value } }) => {
          const time = Date.parse(`${value}Z`) - SHIFT
          if (value) move({ [name]: zoomed ? between(time, time).from : value })
        }}
      />
    </label>
  )
}

/** The segment and the filters that are set. Device has a field of its own. */
function Filters() {
  const [place] = usePlace()
  return (
    <>
      <Chips name="segment" title="Segment" />
      {FILTERS.map(name =>
        name === 'device' && !place.device.includes('\n') ? null : (
          <Chips key={name} name={name} title={titleOf(name.replace('!', '') as FilterName)} />
        ),
      )}
    </>
  )
}

const lastWeek = () => ({ from: dayOf(7), to: dayOf(0) })

/** The day so many days ago, in the zone that the page tells times in. */
function dayOf(ago: number): string {
  return new Date(Date.now() + SHIFT - ago * DAY).toISOString().slice(0, 10)
}
