/** A site to be made: its name and where its pages are go in. */

import { useContext } from 'preact/hooks'
import { ask } from './client.ts'
import { Field, Form, valuesOf, wordsOf } from './field.tsx'
import { usePlace } from './link.tsx'
import { useWork } from './use-action.ts'
import { Live } from './use-api.ts'

export function CreateSite({ title }: { title: string }) {
  const [, move] = usePlace()
  const { again } = useContext(Live)
  const [said, run, fault] = useWork()
  const onSubmit = (form: HTMLFormElement) => {
    const { site, origins } = valuesOf(form)
    const body = { origins: wordsOf(origins) }
    // Never in place of one that is there: its settings would be lost.
    const headers = { 'If-None-Match': '*' }
    return run(
      ask(`/v1/sites/${encodeURIComponent(String(site))}`, { method: 'PUT', body, headers }),
      '',
    ).then(made => {
      if (!made) return
      again()
      move({ site: String(site), view: 'overview', id: '', q: '', after: '' })
    })
  }
  return (
    <section class="panel first" aria-labelledby="create">
      <h2 id="create">{title}</h2>
      <Form onSubmit={onSubmit}>
        <Field
          name="site"
          label="Name"
          {...{
            fault,
            required: true,
            pattern: '[a-z0-9][a-z0-9\\-]*',
            title: 'a-z, 0-9 and -',
            placeholder: 'shop',
          }}
        />
        <Field
          name="origins"
          label="Origins of its pages, separated by spaces"
          {...{ fault, required: true, placeholder: 'https://shop.example https://*.shop.example' }}
        />
        <p class="alert" role="alert">
          {said}
        </p>
        <button type="submit" class="primary">
          Create site
        </button>
      </Form>
    </section>
  )
}
