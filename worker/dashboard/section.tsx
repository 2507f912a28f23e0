/** The frames of the page: a titled panel that says when it waits or has failed, and a table that scrolls by itself. */

import type { ComponentChildren } from 'preact'
import { Exports } from './exports.tsx'
import type { Answer } from './use-api.ts'

interface SectionProps {
  title: string
  answer: Answer<unknown>
  /** What is shown, as a path of the API. */
  path?: string
  tools?: ComponentChildren
  className?: string
  children: ComponentChildren
}

export function Section({ title, answer, path, tools, className = '', children }: SectionProps) {
  return (
    <section class={`panel ${className}`} aria-label={title} aria-busy={answer.busy}>
      <div class="head">
        <h2>{title}</h2>
        {tools}
      </div>
      {answer.error ? (
        <p class="alert" role="alert">
          {answer.error}
        </p>
      ) : answer.data ? (
        children
      ) : (
        <p class="soft loading">Loading …</p>
      )}
      {path && answer.data !== null && <Exports path={path} of={title} />}
    </section>
  )
}

/** Columns that hold words. */
const TEXT = /^(Ratings|Route|Visitor|Release|When|Timeline|Note)$/

interface TableProps {
  label: string
  columns: string[]
  children: ComponentChildren
}

/** The first column names the row. */
export function Table({ label, columns, children }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll" aria-label={`${label}, table`} tabIndex={0}>
      <table>
        <caption class="hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map(name => (
              <th key={name} scope="col" class={TEXT.test(name) ? 'text' : ''}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}
