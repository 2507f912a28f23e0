/**
 * Code that loads when it is first shown: how to import a component goes in, a component comes out, which says that it loads
 * or that it could not.
 */

import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let Loaded: ComponentType<P> | null = null
  return function Lazy(props: P) {
    const [state, setState] = useState<'loading' | 'there' | 'failed'>('loading')
    useEffect(() => {
      if (Loaded) return
      load().then(
        component => {
          Loaded = component
          setState('there')
        },
        () => setState('failed'),
      )
    }, [])
    if (Loaded) return <Loaded {...props} />
    if (state === 'failed') return <Failed />
    return (
      <section class="panel" aria-label="Loading" aria-busy="true">
        <p class="soft loading">Loading …</p>
      </section>
    )
  }
}

/** A deploy takes the code of the one before away, and browsers remember an import that failed: only a new page helps. */
function Failed() {
  const [again, setAgain] = useState(false)
  // Where the server cannot be reached, a new page would be none.
  const onRetry = () =>
    fetch('/', { cache: 'no-store' }).then(
      ({ ok }) => (ok ? location.reload() : setAgain(true)),
      () => setAgain(true),
    )
  return (
    <section class="panel" aria-label="Not loaded">
      <p class="alert" role="alert">
        This part could not be loaded. The server cannot be reached, or has a new version.
        {again && ' It still cannot be reached.'}
      </p>
      <p>
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      </p>
    </section>
  )
}
