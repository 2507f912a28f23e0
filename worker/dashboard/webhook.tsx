/** Where changes of state are told: an address that is kept, tested or taken away. Its secret is shown once. */

import { useContext, useState } from 'preact/hooks'
import { ask, request } from './client.ts'
import { usePlace } from './link.tsx'
import { Section } from './section.tsx'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

export function Webhook() {
  const [{ site }] = usePlace()
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const [secret, setSecret] = useState('')
  const path = `/v1/sites/${site}/webhook`
  const answer = useAnswer<{ url: string | null }>(path)
  const url = answer.data?.url ?? ''
  const onSubmit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    const body = { url: String(new FormData(event.currentTarget).get('url')) }
    const saved = ask<{ secret: string }>(path, { method: 'PUT', body }).then(({ secret }) => {
      setSecret(secret)
      again()
    })
    run(saved, 'Saved.')
  }
  const onTest = () => {
    const test = ask<{ delivered: boolean; status: number | null }>(`${path}/test`, { method: 'POST' })
    const judged = test.then(({ delivered, status }) => {
      if (!delivered) throw new Error(`Not delivered${status ? `: status ${status}` : ''}.`)
    })
    run(judged, 'Test delivered.')
  }
  const onRemove = () => run(request(path, { method: 'DELETE' }).then(again), 'Removed.')
  return (
    <Section title="Webhook" answer={answer}>
      <p class="soft">A signed POST is sent when a budget is breached, and when it recovers.</p>
      <form class="fields" onSubmit={onSubmit}>
        <label key={url}>
          <span>Address</span>
          <input
            name="url"
            type="url"
            required
            defaultValue={url}
            placeholder="https://hooks.example/budgets"
          />
        </label>
        <p>
          <button type="submit" class="primary">
            Save webhook
          </button>{' '}
          {url && (
            <>
              <button type="button" onClick={onTest}>
                Send a test
              </button>{' '}
              <button type="button" onClick={onRemove}>
                Remove webhook
              </button>
            </>
          )}
        </p>
        <p role="status">{said}</p>
        {secret && (
          <p>
            The secret, shown only once: <code>{secret}</code>
          </p>
        )}
      </form>
    </Section>
  )
}
