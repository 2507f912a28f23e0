/** Naming rules: what is set, what they would catch of the last day's names, and what the worker proposes. */

import { useContext, useState } from 'preact/hooks'
import type { Rules, RulesAnswer, RulesPreview, RulesSuggestions } from '../../schema/api/rules.ts'
import { ask } from './client.ts'
import { moment, number } from './format.ts'
import { usePlace } from './link.tsx'
import { Name } from './name.tsx'
import { Section, Table } from './section.tsx'
import { useWork } from './use-action.ts'
import { type Answer, Live, useAnswer } from './use-api.ts'

type Rule = Rules['rules'][number]

export function Names() {
  const [{ site }] = usePlace()
  const path = `/v1/sites/${site}/rules`
  const answer = useAnswer<RulesAnswer>(path)
  const suggested = useAnswer<RulesSuggestions>(`${path}/suggestions`)
  const { since } = answer.data ?? {}
  return (
    <Section title="Names" answer={answer} className="whole">
      <p class="soft">
        Rules name routes and endpoints as they arrive, the first that matches. Stored names stay.{' '}
        {since ? `Changed ${moment(since)}.` : 'No rules yet: names are kept as they come.'}
      </p>
      {/* What one has written stays, whoever saves. */}
      {answer.data && <Editor {...{ path, given: answer.data, suggested }} />}
    </Section>
  )
}

interface EditorProps {
  path: string
  given: RulesAnswer
  suggested: Answer<RulesSuggestions>
}

function Editor({ path, given, suggested }: EditorProps) {
  const { again } = useContext(Live)
  const [said, run] = useWork()
  const [rules, change] = useState<Rule[]>(given.rules)
  /** Of the rules that one has begun with: what another saves meanwhile is not replaced unseen. */
  const [since, begin] = useState(given.since)
  const [preview, show] = useState<RulesPreview | null>(null)
  const set = (next: Rule[]) => {
    change(next)
    show(null)
  }
  const { trailing_slash, case: letters, parameters } = given
  const body = { ...(given.since && { trailing_slash, case: letters, parameters }), rules }
  const onPreview = () => run(ask<RulesPreview>(`${path}/preview`, { method: 'POST', body }).then(show), '')
  const save = async () => {
    const saved = await ask<RulesAnswer>(path, {
      method: 'PUT',
      body,
      headers: { 'If-Match': `"${since ?? ''}"` },
    })
    begin(saved.since)
    again()
  }
  const onSave = () => run(save(), 'Saved. Everywhere within 20 seconds.')
  return (
    <>
      {rules.length > 0 && (
        <Table label="Rules" columns={['Rule', 'Becomes', 'Names', 'Count', 'Such as', 'Change']}>
          {rules.map((rule, i) => (
            <Row
              key={JSON.stringify(rule)}
              rule={rule}
              caught={preview?.rules[i]}
              onRemove={() => set(rules.filter(other => other !== rule))}
            />
          ))}
        </Table>
      )}
      <NewRule onAdd={rule => set([...rules, rule])} />
      {(rules.length > 0 || given.since) && (
        <p>
          <button type="button" onClick={onPreview}>
            Preview
          </button>{' '}
          <button type="button" class="primary" onClick={onSave}>
            Save rules
          </button>{' '}
          <span role="status">{said}</span>
        </p>
      )}
      {preview && <Outcome preview={preview} />}
      {!!suggested.data?.data.length && (
        <>
          <h3>Suggestions</h3>
          <ul>
            {suggested.data.data.map(({ rule, names, examples: [first] }) => (
              <li key={`${rule.kind} ${rule.pattern}`}>
                <button
                  type="button"
                  aria-label={`Add ${rule.pattern}`}
                  onClick={() => set([...rules, rule])}
                >
                  Add
                </button>{' '}
                {rule.kind} <Name>{rule.pattern}</Name>{' '}
                <span class="soft">
                  for {number(names)} names, such as <Name>{first ?? ''}</Name>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

interface RowProps {
  rule: Rule
  /** What it catches of the last day's names, where that was asked for. */
  caught: RulesPreview['rules'][number] | undefined
  onRemove: () => void
}

function Row({ rule, caught, onRemove }: RowProps) {
  const { kind, method, host = '', pattern, ignore, name = 'its pattern' } = rule
  return (
    <tr>
      <th scope="row">
        <Name>{[kind, method, `${host}${pattern}`].filter(Boolean).join(' ')}</Name>
      </th>
      <td class="text">
        <Name>{ignore ? 'ignored' : name}</Name>
      </td>
      <td>{caught ? number(caught.names) : '–'}</td>
      <td>{caught ? number(caught.count) : '–'}</td>
      <td class="text">
        <Name>{caught?.examples[0]?.name ?? '–'}</Name>
      </td>
      <td>
        <button type="button" aria-label={`Remove ${pattern}`} onClick={onRemove}>
          Remove
        </button>
      </td>
    </tr>
  )
}

function NewRule({ onAdd }: { onAdd: (rule: Rule) => void }) {
  const onSubmit = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    const form = event.currentTarget
    const { ignore, ...texts } = Object.fromEntries(
      [...new FormData(form)].filter(([, value]) => value),
    ) as unknown as Rule
    onAdd({ ...texts, ...(ignore && { ignore: true }) })
    form.reset()
  }
  return (
    <form class="fields" onSubmit={onSubmit}>
      <label>
        <span>Names of</span>
        <select name="kind">
          <option value="route">routes</option>
          <option value="endpoint">endpoints</option>
        </select>
      </label>
      <label>
        <span>Pattern</span>
        <input name="pattern" required placeholder="/products/:slug" />
      </label>
      <label>
        <span>Name instead</span>
        <input name="name" placeholder="/products/[slug]" />
      </label>
      <label>
        <span>Method (endpoints)</span>
        <input name="method" placeholder="all" />
      </label>
      <label>
        <span>Host (endpoints)</span>
        <input name="host" placeholder="all" />
      </label>
      <label>
        <span>What matches</span>
        <select name="ignore">
          <option value="">is named</option>
          <option value="yes">is ignored</option>
        </select>
      </label>
      <p>
        <button type="submit">Add rule</button>
      </p>
    </form>
  )
}

function Outcome({ preview: { routes, endpoints, stays, from, to, rows_read } }: { preview: RulesPreview }) {
  return (
    <>
      <p>
        Of {moment(from)} to {moment(to)}: {number(routes.before)} routes become {number(routes.after)},{' '}
        {number(endpoints.before)} endpoints become {number(endpoints.after)}. {number(stays.names)} names
        stay. Rows read: {number(rows_read)}.
      </p>
      {stays.names > 0 && (
        <details>
          <summary>What stays</summary>
          <ul>
            {stays.examples.map(({ kind, name, count }) => (
              <li key={`${kind} ${name}`}>
                <Name>{name}</Name> <span class="soft">{number(count)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}
