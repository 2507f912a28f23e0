/** The saved segments of a site, to be chosen from, and the filters that are set now, to be saved as one more. */

import { useContext } from 'preact/hooks'
import type { SegmentAnswer, SegmentsAnswer } from '../../schema/api/segments.ts'
import { ask, request } from './client.ts'
import { Field, Form, valuesOf } from './field.tsx'
import { count } from './format.ts'
import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { Section, Table } from './section.tsx'
import { mayChange } from './session.ts'
import { FILTERS, type FilterName, type Place, titleOf } from './url-state.ts'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

/** The values of each parameter: `country!` leaves out. */
type Given = Record<string, readonly string[]>

const NO_FILTERS = Object.fromEntries(FILTERS.map(name => [name, '']))

export function Segments() {
  const [place, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const path = `/v1/sites/${place.site}/segments`
  const answer = useAnswer<SegmentsAnswer>(path)
  const segments = answer.data?.data ?? []
  const within: Given = segments.find(({ id }) => id === place.segment)?.filters ?? {}
  const filters = both(givenOf(place), within)
  const onSubmit = async (form: HTMLFormElement) => {
    const name = `${valuesOf(form).name}`
    const id = idOf(name) || `segment-${segments.length + 1}`
    const before = segments.find(segment => segment.id === id)
    if (before && !confirm(`Replace the segment ${before.name}?`)) return
    const done = await run(ask(`${path}/${id}`, { method: 'PUT', body: { name, filters } }), 'Saved.')
    if (!done) return
    move({ ...NO_FILTERS, segment: id })
    again()
  }
  const onDelete = ({ id, name }: SegmentAnswer) => {
    if (!confirm(`Delete the segment ${name}?`)) return
    run(request(`${path}/${id}`, { method: 'DELETE' }), 'Deleted.').then(done => {
      if (!done) return
      if (id === place.segment) move({ segment: '' }, true)
      again()
    })
  }
  const columns = ['Segment', 'Filters', 'Used by', ...(mayChange() ? ['Change'] : [])]
  return (
    <Section
      title={`Segments of ${place.site}`}
      className="whole"
      answer={answer}
      tools={<Link to={{ panel: '' }}>Close</Link>}
    >
      {segments.length === 0 ? (
        <p class="soft">No segments yet. A segment is a set of filters with a name.</p>
      ) : (
        <Table label="Segments" columns={columns}>
          {segments.map(segment => (
            <Row key={segment.id} segment={segment} onDelete={() => onDelete(segment)} />
          ))}
        </Table>
      )}
      {mayChange() && Object.keys(filters).length > 0 ? (
        <Form class="fields" onSubmit={onSubmit}>
          <Field
            name="name"
            label={`Save as a segment: ${inWords(filters)}`}
            {...{ fault, required: true, placeholder: 'Phones in Germany' }}
          />
          <p>
            <button type="submit" class="primary">
              Save segment
            </button>
          </p>
        </Form>
      ) : (
        mayChange() && <p class="soft">Set filters, by the rows of a breakdown, to save them here.</p>
      )}
      <p role="status">
        {said}
        {fault && fault.field !== 'name' && `${fault.field} ${fault.reason}`}
      </p>
    </Section>
  )
}

function Row({ segment, onDelete }: { segment: SegmentAnswer; onDelete: () => void }) {
  const [place] = usePlace()
  const { id, name, filters, budgets } = segment
  return (
    <tr>
      <th scope="row">
        <Link to={{ segment: id }} current={id === place.segment}>
          <Name>{name}</Name>
        </Link>
      </th>
      <td class="text">
        <Name>{inWords(filters)}</Name>
      </td>
      <td>{count(budgets.length, 'budget')}</td>
      {mayChange() && (
        <td>
          <button type="button" aria-label={`Delete ${name}`} onClick={onDelete}>
            Delete
          </button>
        </td>
      )}
    </tr>
  )
}

/** What the address filters by. */
function givenOf(place: Place): Given {
  return Object.fromEntries(FILTERS.flatMap(name => (place[name] ? [[name, place[name].split('\n')]] : [])))
}

/** Filters and those of the segment that they narrow. Values of different tags are told apart. */
function both(own: Given, within: Given): Given {
  const kindOf = (name: string, value: string) => (name === 'tag' ? value.split(':')[0] : '')
  const joined = Object.keys({ ...own, ...within }).map(name => {
    const [a, b] = [own[name] ?? [], within[name] ?? []]
    if (name.endsWith('!')) return [name, [...new Set([...a, ...b])]]
    const limits = (values: readonly string[], value: string) =>
      values.some(other => kindOf(name, other) === kindOf(name, value))
    const kept = (values: readonly string[], others: readonly string[]) =>
      values.filter(value => !limits(others, value) || others.includes(value))
    return [name, [...new Set([...kept(a, b), ...kept(b, a)])]]
  })
  return Object.fromEntries(joined)
}

/** `Device phone, Country not FR or ES` */
function inWords(filters: Given): string {
  return Object.entries(filters)
    .map(([name, values]) => {
      const title = titleOf(name.replace('!', '') as FilterName)
      return `${title} ${name.endsWith('!') ? 'not ' : ''}${values.join(' or ')}`
    })
    .join(', ')
}

/** `Phones in Germany` -> `phones-in-germany` */
function idOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 63)
    .replace(/-$/, '')
}
