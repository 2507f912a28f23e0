/** Which tags of its page views a site keeps, and how many others came. */

import { useContext } from 'preact/hooks'
import type { TagsAnswer } from '../../schema/api/tags.ts'
import { request } from './client.ts'
import { Field, Form, valuesOf, wordsOf } from './field.tsx'
import { number } from './format.ts'
import { Section } from './section.tsx'
import { useWork } from './use-action.ts'
import { Live, useAnswer } from './use-api.ts'

export function Tags({ site }: { site: string }) {
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const path = `/v1/sites/${site}/tags`
  const answer = useAnswer<TagsAnswer>(path)
  const { data } = answer
  const onSubmit = (form: HTMLFormElement) => {
    const wanted = wordsOf(valuesOf(form).name)
    const before = data?.tags.map(({ name }) => name) ?? []
    return run(save(path, before, wanted).finally(again), 'Saved.')
  }
  return (
    <Section title={`Tags of ${site}`} answer={answer}>
      {data && (
        <Form class="fields" onSubmit={onSubmit}>
          <Field
            name="name"
            label="Tags that are kept, separated by spaces"
            {...{
              fault,
              placeholder: 'plan variant',
              defaultValue: data.tags.map(({ name }) => name).join(' '),
            }}
          />
          <p>
            <button type="submit" class="primary">
              Save tags
            </button>{' '}
            <span role="status">{said}</span>
          </p>
        </Form>
      )}
      {data && (
        <p class="soft">
          Pages say them by <code>data-tag-plan="pro"</code>. Left out in the last 24 hours:{' '}
          {number(data.undeclared_24h)} that are not declared, {number(data.unfit_24h)} like an e-mail address
          or a token.
        </p>
      )}
    </Section>
  )
}

/** Changes what one has changed, and leaves what somebody else has declared since. What is taken back makes room first. */
async function save(path: string, before: readonly string[], wanted: readonly string[]): Promise<void> {
  const change = (method: 'PUT' | 'DELETE', names: readonly string[]) =>
    names.map(name => request(`${path}/${encodeURIComponent(name)}`, { method }))
  await Promise.all(
    change(
      'DELETE',
      before.filter(name => !wanted.includes(name)),
    ),
  )
  await Promise.all(
    change(
      'PUT',
      wanted.filter(name => !before.includes(name)),
    ),
  )
}
