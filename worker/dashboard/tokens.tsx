/** The read tokens of a site: made, shown once, and revoked. */

import { useContext, useState } from 'preact/hooks'
import type { NewTokenAnswer, TokenAnswer, TokensAnswer } from '../../schema/api/token.ts'
import { ask, request } from './client.ts'
import { Field, Form, valuesOf } from './field.tsx'
import { moment } from './format.ts'
import { Section, Table } from './section.tsx'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

export function Tokens({ site }: { site: string }) {
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const [secret, setSecret] = useState('')
  const path = `/v1/sites/${site}/tokens`
  const answer = useAnswer<TokensAnswer>(path)
  const tokens = answer.data?.data ?? []
  const onSubmit = (form: HTMLFormElement) => {
    const { name, expires } = valuesOf(form)
    const body = { name, ...(expires && { expires: `${expires}T00:00:00Z` }) }
    const made = ask<NewTokenAnswer>(path, { method: 'POST', body })
    return run(
      made.then(({ token }) => setSecret(token)),
      '',
    ).then(done => {
      if (!done) return
      form.reset()
      again()
    })
  }
  const onRevoke = ({ id, name }: TokenAnswer) => {
    if (!confirm(`Revoke the token ${name}?`)) return
    run(request(`${path}/${id}`, { method: 'DELETE' }).then(again), 'Revoked.')
  }
  return (
    <Section title={`Read tokens of ${site}`} answer={answer}>
      {tokens.length === 0 ? (
        <p class="soft">No read tokens yet. Each reads this site, and changes nothing.</p>
      ) : (
        <Table label="Read tokens" columns={['Name', 'Created', 'Expires', 'Change']}>
          {tokens.map(token => (
            <tr key={token.id}>
              <th scope="row">{token.name}</th>
              <td>{moment(token.created)}</td>
              <td>{token.expires ? moment(token.expires) : 'never'}</td>
              <td>
                <button type="button" aria-label={`Revoke ${token.name}`} onClick={() => onRevoke(token)}>
                  Revoke
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Form class="fields" onSubmit={onSubmit}>
        <Field name="name" label="Name of the token" {...{ fault, required: true, placeholder: 'ci' }} />
        <Field name="expires" label="Expires (never, if empty)" fault={fault} type="date" />
        <p>
          <button type="submit" class="primary">
            Create token
          </button>{' '}
          <span role="status">{said}</span>
        </p>
        {secret && (
          <p role="status">
            The token, shown only once: <code>{secret}</code>
          </p>
        )}
      </Form>
    </Section>
  )
}
