/** How one moves: `Place` and its changes in a context, and links that are real ones. */

import { type ComponentChildren, createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { addressOf, go, type Place, readPlace } from './url-state.ts'

export const Here = createContext<Place>(readPlace(''))

export type Change = Partial<Place>

/** The place, and a function that goes to another one. */
export function usePlace(): [Place, (change: Change, replace?: boolean) => void] {
  const place = useContext(Here)
  return [place, (change, replace) => go({ ...readPlace(location.search), at: '', ...change }, replace)]
}

interface LinkProps {
  to: Change
  current?: boolean
  label?: string
  className?: string
  id?: string
  /** True where what it leads to is told by the cards: they come into view. */
  up?: boolean
  children: ComponentChildren
}

/** A link to a place: opens in a new tab like any other, and moves without loading the page. */
export function Link({ to, current, label, className, id, up, children }: LinkProps) {
  const [place, move] = usePlace()
  const onClick = (event: MouseEvent) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    move(to)
    if (up) document.querySelector('.metrics')?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <a
      href={addressOf({ ...place, ...to })}
      id={id}
      class={className}
      aria-current={current ? 'true' : undefined}
      aria-label={label}
      onClick={onClick}
    >
      {children}
    </a>
  )
}
