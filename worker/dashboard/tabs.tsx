/** A row of links of which one is current, and chips that take filters away. */

import { Link, usePlace } from './link.tsx'
import { Name } from './name.tsx'
import type { Place } from './url-state.ts'

interface TabsProps<K extends keyof Place> {
  label: string
  /** The state that they choose. */
  name: K
  options: { readonly [value: string]: string }
  current?: string
  /** What else changes with it. */
  also?: Partial<Place>
}

export function Tabs<K extends keyof Place>({ label, name, options, current, also }: TabsProps<K>) {
  const [place] = usePlace()
  return (
    <nav class="tabs" aria-label={label}>
      {Object.entries(options).map(([value, text]) => (
        <Link key={value} to={{ ...also, [name]: value }} current={value === (current ?? place[name])}>
          {text}
        </Link>
      ))}
    </nav>
  )
}

interface ChipProps {
  name: string
  value: string
  /** Where one is without the filter. */
  to: Partial<Place>
}

export function Chip({ name, value, to }: ChipProps) {
  const [, move] = usePlace()
  return (
    <button type="button" class="chip" onClick={() => move(to)}>
      <span>
        {name} <Name>{value}</Name>
      </span>
      <span aria-hidden="true"> ×</span>
      <span class="hidden"> remove this filter</span>
    </button>
  )
}

/** What a state holds, of one or of several values, each with a chip that takes it away. */
export function Chips({ name, title }: { name: keyof Place; title: string }) {
  const [place] = usePlace()
  const values = place[name] ? place[name].split('\n') : []
  return (
    <>
      {values.map(value => (
        <Chip
          key={value}
          name={name.endsWith('!') ? `${title} not` : title}
          value={value}
          to={{ [name]: values.filter(other => other !== value).join('\n') }}
        />
      ))}
    </>
  )
}
