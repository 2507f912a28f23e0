/** Where there is no site yet: its name and where its pages are go in, and it is made. */

import { useContext } from 'preact/hooks'
import { ask } from './client.ts'
import { usePlace } from './link.tsx'
import { useWork } from './use-action.ts'
import { Live } from './use-api.ts'

export function CreateSite() {
  const [, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const onSubmit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget)
    const site = String(given.get('site'))
    const origins = String(given.get('origin'))
      .trim()
      .split(/[\s,]+/)
    run(ask(`/v1/sites/${encodeURIComponent(site)}`, { method: 'PUT', body: { origins } }), '').then(made => {
      if (!made) return
      again()
      move({ site })
    })
  }
  return (
    <section class="panel first" aria-labelledby="create">
      <h2 id="create">There is no site yet. Create one.</h2>
      <form onSubmit={onSubmit}>
        <label>
          <span>Name</span>
          <input
            name="site"
            required
            pattern="[a-z0-9][a-z0-9\-]*"
            title="a-z, 0-9 and -"
            placeholder="shop"
          />
        </label>
        <label>
          <span>Origins of its pages, separated by spaces</span>
          <input name="origin" required placeholder="https://shop.example https://*.shop.example" />
        </label>
        <p class="alert" role="alert">
          {said}
        </p>
        <button type="submit" class="primary">
          Create site
        </button>
      </form>
    </section>
  )
}
