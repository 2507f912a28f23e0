/** The frames of the page: a titled panel that says when it waits or has failed, and a table that scrolls by itself. */

import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Exports } from './exports.tsx'
import { clock } from './format.ts'
import { usePlace } from './link.tsx'
import type { Answer } from './use-api.ts'

interface SectionProps {
  title: string
  answer: Answer<unknown>
  /** What is shown, as a path of the API. */
  path?: string
  tools?: ComponentChildren
  className?: string
  /** What a place may have in `at`, to be brought into view. */
  name?: string
  children: ComponentChildren
}

export function Section({ title, answer, path, tools, className = '', name, children }: SectionProps) {
  const box = useRef<HTMLElement>(null)
  const height = useRef(0)
  const waited = useRef(true)
  const waits = answer.data === null && answer.busy
  // While another question waits for its answer, the panel stays as tall as it was: nothing below it jumps. It is measured
  // only now, when it begins to wait: after each render that would lay out the page anew for every panel.
  if (waits && !waited.current) height.current = box.current?.offsetHeight ?? 0
  waited.current = waits
  const [{ at }] = usePlace()
  useEffect(() => {
    if (!waits && name && name === at) box.current?.scrollIntoView()
  }, [waits, at])
  return (
    <section
      ref={box}
      class={`panel ${className}`}
      style={waits && height.current ? { minHeight: `${height.current}px` } : {}}
      aria-label={title}
      aria-busy={answer.busy}
    >
      <div class="head">
        <h2>{title}</h2>
        {tools}
      </div>
      <Trouble answer={answer} />
      {answer.data !== null && children}
      {waits && <p class={`soft ${height.current ? '' : 'loading'}`}>Loading …</p>}
      {path && answer.data !== null && <Exports path={path} of={title} />}
    </section>
  )
}

/** Says why there is nothing; or how old what is shown has become, in the margin, where it moves nothing. */
export function Trouble({ answer: { data, at, error } }: { answer: Answer<unknown> }) {
  if (!error) return null
  if (data === null) {
    return (
      <p class="alert" role="alert">
        {error}
      </p>
    )
  }
  const said = `Not updated since ${clock(at)}. ${error}`
  return (
    <p class="alert stale" role="status" title={said}>
      {said}
    </p>
  )
}

interface SampledProps {
  of: { sampled?: number | undefined } | null
  /** Why, and what to do. */
  children?: ComponentChildren
}

/** Says that not all rows were read. */
export function Sampled({ of, children }: SampledProps) {
  if (!of?.sampled || of.sampled === 1) return null
  return (
    <p class="soft">
      Read from one in {of.sampled} page views. {children}
    </p>
  )
}

/** Columns that hold words. */
const TEXT =
  /^(Ratings|Browser|Route|Visitor|Release|When|Timeline|Blocking time|Note|Becomes|Such as|Budgets?|Filters)$/

interface TableProps {
  label: string
  columns: string[]
  /** Columns that the table may be sorted by, as the address says. */
  sortable?: readonly string[]
  children: ComponentChildren
}

/** Downwards first, then upwards, then as before. */
function nextOf(name: string, col: string): string {
  if (col === `-${name}`) return name
  return col === name ? '' : `-${name}`
}

/** The first column names the row. */
export function Table({ label, columns, sortable = [], children }: TableProps) {
  const [{ col }, move] = usePlace()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="scroll" aria-label={`${label}, table`} tabIndex={0}>
      <table>
        <caption class="hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map(name => (
              <th
                key={name}
                scope="col"
                class={TEXT.test(name) ? 'text' : ''}
                aria-sort={col === name ? 'ascending' : col === `-${name}` ? 'descending' : undefined}
              >
                {sortable.includes(name) ? (
                  <button type="button" onClick={() => move({ col: nextOf(name, col) }, true)}>
                    {name}
                  </button>
                ) : (
                  name
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}
