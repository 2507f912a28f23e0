/**
 * The page at `/`: address -> place -> one view, which asks the API all that it needs at once. What the API refuses for
 * want of a token leads to the sign-in.
 */

import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { SitesAnswer } from '../../schema/api/site.ts'
import { Header } from './header.tsx'
import { lazy } from './lazy.tsx'
import { Here } from './link.tsx'
import { Overview } from './overview.tsx'
import { Trouble } from './section.tsx'
import { keepToken, readToken } from './session.ts'
import { SignIn } from './signin.tsx'
import { go, type Place, readPlace, VIEWS } from './url-state.ts'
import { Live, useAnswer } from './use-api.ts'
import { useDrawn } from './use-drawn.ts'

// What the first screen does not need loads when it is first shown.
const Api = lazy(() => import('./api.tsx').then(({ Api }) => Api))
const Budgets = lazy(() => import('./budgets.tsx').then(({ Budgets }) => Budgets))
const Compare = lazy(() => import('./compare.tsx').then(({ Compare }) => Compare))
const CreateSite = lazy(() => import('./createsite.tsx').then(({ CreateSite }) => CreateSite))
const Names = lazy(() => import('./names.tsx').then(({ Names }) => Names))
const PageViews = lazy(() => import('./pageviews.tsx').then(({ PageViews }) => PageViews))
const Segments = lazy(() => import('./segments.tsx').then(({ Segments }) => Segments))
const Sites = lazy(() => import('./sites.tsx').then(({ Sites }) => Sites))
const Errors = lazy(() => import('./errors.tsx').then(({ Errors }) => Errors))
const ThirdParties = lazy(() => import('./thirdparties.tsx').then(({ ThirdParties }) => ThirdParties))
const Timing = lazy(() => import('./timing.tsx').then(({ Timing }) => Timing))

/** How often the page asks anew, in ms. */
const BEAT = 60_000

function App() {
  const [place, setPlace] = useState(() => readPlace(location.search))
  const [token, setToken] = useState(readToken)
  const [refusal, setRefusal] = useState('')
  const [beat, setBeat] = useState(0)

  useEffect(() => {
    // A token that is put into the address of an open page counts, too.
    addEventListener('popstate', () => {
      setToken(readToken())
      setPlace(readPlace(location.search))
    })
  }, [])
  useEffect(() => {
    if (place.live === 'off') return
    // What was due while the page was hidden is asked as soon as it is seen.
    let isDue = false
    const tick = () => {
      isDue = document.hidden
      if (!isDue) setBeat(beat => beat + 1)
    }
    const onSeen = () => isDue && tick()
    const timer = setInterval(tick, BEAT)
    addEventListener('visibilitychange', onSeen)
    return () => {
      clearInterval(timer)
      removeEventListener('visibilitychange', onSeen)
    }
  }, [place.live])
  useEffect(() => {
    document.documentElement.style.colorScheme = place.theme === 'system' ? '' : place.theme
    document.title = place.site ? `${VIEWS[place.view]} of ${place.site} · fieldline` : 'fieldline'
  }, [place])

  const signIn = (token: string, error = '') => {
    keepToken(token)
    setToken(token)
    setRefusal(error)
  }
  if (!token) return <SignIn error={refusal} onToken={signIn} />
  const live = {
    beat,
    refuse: () => signIn('', 'This token is not valid.'),
    again: () => setBeat(beat => beat + 1),
  }
  return (
    <Live.Provider value={live}>
      <Here.Provider value={place}>
        <Page place={place} onSignOut={() => signIn('')} />
      </Here.Provider>
    </Live.Provider>
  )
}

/** Where the address names no site, the first one there is takes its place. */
function Page({ place, onSignOut }: { place: Place; onSignOut: () => void }) {
  const sites = useAnswer<SitesAnswer>('/v1/sites')
  const names = sites.data?.data.map(({ site }) => site) ?? []
  const [first] = names
  const view = useDrawn(() => <View view={place.view} />, [place.view])
  useEffect(() => {
    if (!place.site && first) go({ ...place, site: first }, true)
  }, [place, first])
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header sites={names} onSignOut={onSignOut} />
      <main id="main" tabIndex={-1}>
        {sites.error && !place.site ? (
          <div class="panel">
            <Trouble answer={sites} />
          </div>
        ) : place.site ? (
          <>
            {place.panel === 'segments' && <Segments />}
            {view}
          </>
        ) : sites.data && !first ? (
          <CreateSite title="There is no site yet. Create one." />
        ) : (
          <p class="soft">Loading …</p>
        )}
      </main>
    </>
  )
}

function View({ view }: { view: Place['view'] }) {
  if (view === 'api') return <Api />
  if (view === 'budgets') return <Budgets />
  if (view === 'names') return <Names />
  if (view === 'compare') return <Compare />
  if (view === 'timing') return <Timing />
  if (view === 'parties') return <ThirdParties />
  if (view === 'errors') return <Errors />
  if (view === 'views') return <PageViews />
  if (view === 'sites') return <Sites />
  return <Overview />
}

const root = document.getElementById('app')
// In a task of its own, apart from what the code takes to begin.
setTimeout(() => {
  // The static head has done its part.
  root?.replaceChildren()
  if (root) render(<App />, root)
})
