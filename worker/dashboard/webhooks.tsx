/** Where changes of state are told: addresses that are kept, tested or taken away. A secret is shown once. */

import { useContext, useState } from 'preact/hooks'
import type {
  NewWebhookAnswer,
  WebhookAnswer,
  WebhooksAnswer,
  WebhookTestAnswer,
} from '../../schema/api/webhooks.ts'
import { ask, request } from './client.ts'
import { Field, Form } from './field.tsx'
import { usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { Section, Table } from './section.tsx'
import { delivered, useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

/** The budgets of the site, by id, with what they are called. */
type Names = [id: string, name: string][]

export function Webhooks({ budgets }: { budgets: Names }) {
  const [{ site }] = usePlace()
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const [secret, setSecret] = useState<string | null>(null)
  const [kind, setKind] = useState('standard')
  const path = `/v1/sites/${site}/webhooks`
  const answer = useAnswer<WebhooksAnswer>(path)
  const hooks = answer.data?.data ?? []
  const onSubmit = (form: HTMLFormElement) => {
    const given = new FormData(form)
    const chosen = given.getAll('budgets')
    const key = kind === 'standard' ? 'url' : 'routing_key'
    const body = { kind, [key]: given.get(key), budgets: chosen.length ? chosen : null }
    const made = ask<NewWebhookAnswer>(path, { method: 'POST', body }).then(({ secret }) => {
      setSecret(secret)
      form.reset()
      again()
    })
    return run(made, 'Created.')
  }
  return (
    <Section title="Webhooks" answer={answer}>
      <p class="soft">A POST is sent when a budget is breached, and when it recovers.</p>
      {hooks.length > 0 && (
        <Table label="Webhooks" columns={['Address', 'Budgets', 'Change']}>
          {hooks.map(hook => (
            <Row key={hook.id} {...{ hook, path, budgets }} />
          ))}
        </Table>
      )}
      <Form class="fields" onSubmit={onSubmit}>
        <label>
          <span>Kind</span>
          <select value={kind} onChange={event => setKind(event.currentTarget.value)}>
            <option value="standard">signed (Standard Webhooks)</option>
            <option value="pagerduty">PagerDuty</option>
          </select>
        </label>
        {kind === 'standard' ? (
          <Field
            key="url"
            name="url"
            label="Address"
            {...{ fault, type: 'url', required: true, placeholder: 'https://hooks.example/budgets' }}
          />
        ) : (
          <Field key="key" name="routing_key" label="Integration key" {...{ fault, required: true }} />
        )}
        {budgets.length > 0 && (
          <label>
            <span>Budgets (none chosen: all)</span>
            <select name="budgets" multiple>
              {budgets.map(([id, name]) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <p>
          <button type="submit" class="primary">
            Create webhook
          </button>{' '}
          <span role="status">{said}</span>
        </p>
        {secret && (
          <p>
            The secret, shown only once: <code>{secret}</code>
          </p>
        )}
      </Form>
    </Section>
  )
}

function Row({ hook, path, budgets }: { hook: WebhookAnswer; path: string; budgets: Names }) {
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const own = `${path}/${hook.id}`
  const onTest = () =>
    run(delivered(ask<WebhookTestAnswer>(`${own}/test`, { method: 'POST' })), 'Test delivered.')
  const onDelete = () => {
    if (confirm(`Remove the webhook ${hook.url}?`))
      run(request(own, { method: 'DELETE' }).then(again), 'Removed.')
  }
  const about = hook.budgets?.map(id => budgets.find(([other]) => other === id)?.[1] ?? 'deleted')
  return (
    <tr>
      <th scope="row" title={hook.url}>
        <Name>{hook.kind === 'pagerduty' ? `PagerDuty, ${new URL(hook.url).host}` : hook.url}</Name>
      </th>
      <td class="text">
        <Name>{about?.join('; ') ?? 'all budgets'}</Name>
      </td>
      <td>
        <button type="button" onClick={onTest}>
          Send a test
        </button>{' '}
        <button type="button" onClick={onDelete}>
          Remove webhook
        </button>{' '}
        <span role="status">{said}</span>
      </td>
    </tr>
  )
}
