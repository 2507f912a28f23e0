/** Where a site's figures are pushed as OpenTelemetry metrics: collectors that are made, tested or taken away. */

import { useContext } from 'preact/hooks'
import type { CollectorAnswer, CollectorsAnswer, CollectorTestAnswer } from '../../schema/api/collectors.ts'
import { VITALS } from '../../schema/domain/metrics.ts'
import { ask, request } from './client.ts'
import { Field, Form, valuesOf, wordsOf } from './field.tsx'
import { moment } from './format.ts'
import { Name } from './name.tsx'
import { Section, Table } from './section.tsx'
import { delivered, useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

export function Collectors({ site }: { site: string }) {
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const path = `/v1/sites/${site}/collectors`
  const answer = useAnswer<CollectorsAnswer>(path)
  const collectors = answer.data?.data ?? []
  const onSubmit = (form: HTMLFormElement) => {
    const { url, headers, metrics, group_by } = valuesOf(form)
    const body = {
      url,
      ...(headers && { headers: { Authorization: headers } }),
      ...(metrics && { metrics: wordsOf(metrics) }),
      ...(group_by && { group_by: wordsOf(group_by) }),
    }
    return run(ask(path, { method: 'POST', body }), 'Created.').then(made => {
      if (!made) return
      form.reset()
      again()
    })
  }
  return (
    <Section title={`Collectors of ${site}`} answer={answer}>
      <p class="soft">Each hour is pushed as OpenTelemetry metrics (OTLP over HTTP, JSON).</p>
      {collectors.length > 0 && (
        <Table label="Collectors" columns={['Address', 'Metrics', 'Next hour', 'Last answer', 'Change']}>
          {collectors.map(collector => (
            <Row key={collector.id} {...{ collector, path }} />
          ))}
        </Table>
      )}
      <Form class="fields" onSubmit={onSubmit}>
        <Field
          name="url"
          label="Address"
          {...{ fault, type: 'url', required: true, placeholder: 'https://otlp.example.com/v1/metrics' }}
        />
        <Field name="headers" label="Authorization header" {...{ fault, placeholder: 'Bearer …' }} />
        <Field
          name="metrics"
          label="Metrics, separated by spaces"
          {...{ fault, placeholder: VITALS.join(' ') }}
        />
        <Field name="group_by" label="By, at most two" {...{ fault, placeholder: 'route device' }} />
        <p>
          <button type="submit" class="primary">
            Create collector
          </button>{' '}
          <span role="status">{said}</span>
        </p>
      </Form>
    </Section>
  )
}

function Row({ collector, path }: { collector: CollectorAnswer; path: string }) {
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const { id, url, metrics, group_by, next, status, attempts } = collector
  const own = `${path}/${id}`
  const onTest = () =>
    run(delivered(ask<CollectorTestAnswer>(`${own}/test`, { method: 'POST' })), 'Test delivered.')
  const onDelete = () => {
    if (confirm(`Remove the collector ${url}?`))
      run(request(own, { method: 'DELETE' }).then(again), 'Removed.')
  }
  return (
    <tr>
      <th scope="row" title={url}>
        <Name>{url}</Name>
      </th>
      <td class="text">{[metrics.join(', '), group_by.join(', ')].filter(Boolean).join(' by ')}</td>
      <td>{moment(next)}</td>
      <td class={attempts ? 'poor' : ''}>{status ?? 'nothing sent yet'}</td>
      <td>
        <button type="button" onClick={onTest}>
          Send a test
        </button>{' '}
        <button type="button" onClick={onDelete}>
          Remove collector
        </button>{' '}
        <span role="status">{said}</span>
      </td>
    </tr>
  )
}
