/** What may be set of a site: its origins, what is kept and for how long, its tags, tokens and collectors, its script tag, and its end. */

import { useContext } from 'preact/hooks'
import type { SiteAnswer } from '../../schema/api/site.ts'
import { ask, request } from './client.ts'
import { Collectors } from './collectors.tsx'
import { Field, Form, valuesOf, wordsOf } from './field.tsx'
import { Snippet } from './firstrun.tsx'
import { moment, number } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Section } from './section.tsx'
import { Tags } from './tags.tsx'
import { Tokens } from './tokens.tsx'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

const NUMBERS = [
  ['rows_per_day', 'Most beacons stored a day'],
  ['bytes_per_day', 'Most bytes of page views a day'],
  ['rate', 'Keep one page view in (1, 2, 4, 8 …)'],
  ['max_weight', 'Most page views that one beacon may stand for'],
  ['raw_days', 'Days of single page views'],
  ['hour_days', 'Days of hourly figures'],
  ['day_days', 'Days of daily figures'],
] as const

export function SiteSettings({ site }: { site: string }) {
  const [, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const path = `/v1/sites/${site}`
  const answer = useAnswer<SiteAnswer>(path)
  const { data } = answer
  const onSubmit = (form: HTMLFormElement) => {
    const { origins, ...numbers } = valuesOf(form)
    const body = { ...numbers, origins: wordsOf(origins) }
    return run(ask(path, { method: 'PATCH', body }).then(again), 'Saved.')
  }
  const onDelete = () => {
    if (prompt(`All data of ${site} will be deleted. Write its name to go on.`) !== site) return
    run(request(path, { method: 'DELETE' }), '').then(done => {
      if (!done) return
      move({ site: '', id: '' })
      again()
    })
  }
  return (
    <>
      <Section
        title={`Settings of ${site}`}
        answer={answer}
        name="settings"
        tools={<Link to={{ id: '' }}>Close</Link>}
      >
        {data && (
          <Form class="fields" onSubmit={onSubmit}>
            <Field
              name="origins"
              label="Origins of its pages, separated by spaces"
              {...{ fault, required: true, defaultValue: data.origins.join(' ') }}
            />
            {NUMBERS.map(([name, label]) => (
              <Field
                key={name}
                {...{ name, label, fault }}
                {...{ type: 'number', required: true, min: 1, defaultValue: String(data[name]) }}
              />
            ))}
            <Field
              name="trace_link"
              label="Address of a trace (none, if empty)"
              {...{ fault, placeholder: 'https://tempo.example/trace/{trace}' }}
              defaultValue={data.trace_link ?? ''}
            />
            <p>
              <button type="submit" class="primary">
                Save settings
              </button>{' '}
              <button type="button" class="poor" onClick={onDelete}>
                Delete {site}
              </button>{' '}
              <span role="status">{said}</span>
            </p>
          </Form>
        )}
        {data && (
          <p class="soft">
            Created {moment(data.created)}. {number(data.bot_beacons_24h)} beacons of bots in the last 24
            hours. More of {site}:{' '}
            <Link to={{ site, view: 'names', id: '', q: '', after: '' }}>naming rules</Link>,{' '}
            <Link to={{ site, view: 'budgets', id: '', q: '', after: '' }}>budgets and webhooks</Link>.
          </p>
        )}
      </Section>
      {data && (
        <>
          <Tags site={site} />
          <Tokens site={site} />
          <Collectors site={site} />
          <section class="panel" aria-labelledby="tag">
            <h2 id="tag">Script tag of {site}</h2>
            <Snippet site={site} />
          </section>
        </>
      )}
    </>
  )
}
