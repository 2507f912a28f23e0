/**
 * The cursor of a chart: pointer and keys move it from column to column, pin what stands beside it, and choose the columns between
 * an anchor and itself, to zoom to.
 */

import type { HTMLAttributes } from 'preact'
import { useState } from 'preact/hooks'
import { FRAME } from './timeline.ts'

/** Pixels that a pointer moves before it drags. */
const DRAG = 6

type Pointed = PointerEvent & { currentTarget: HTMLElement }

interface Columns {
  /** What each column is, in order: what the cursor stands at stays under it when columns are added. */
  keys: readonly number[]
  /** Where the columns begin, in pixels, and how wide the chart is. */
  left: number
  width: number
  onZoom?: ((first: number, last: number) => void) | undefined
}

interface Cursor {
  /** Its column; -1 where it stands nowhere. */
  cursor: number
  /** The column that columns are chosen from; -1 where none are. */
  from: number
  chosen: readonly [first: number, last: number] | null
  isPinned: boolean
  /** How far down the pointer is, in pixels. */
  down: number
  clear: () => void
  /** What the chart's element needs. */
  handlers: HTMLAttributes<HTMLDivElement>
}

export function useCursor({ keys, left, width, onZoom }: Columns): Cursor {
  const [at, setAt] = useState<number | null>(null)
  const [anchor, setAnchor] = useState<number | null>(null)
  const [isPinned, pin] = useState(false)
  const [down, setDown] = useState(0)
  /** Where the pointer was pressed. */
  const [press, setPress] = useState<{ x: number; column: number } | null>(null)

  const last = keys.length - 1
  const cursor = at === null ? -1 : keys.indexOf(at)
  const from = anchor === null ? -1 : keys.indexOf(anchor)
  const chosen = from < 0 || cursor < 0 ? null : ([Math.min(from, cursor), Math.max(from, cursor)] as const)
  const go = (column: number, down: number) => {
    setAt(keys[Math.max(0, Math.min(last, column))] ?? null)
    setDown(down)
  }
  const leave = () => {
    setPress(null)
    setAnchor(null)
    if (!isPinned) setAt(null)
  }
  const clear = () => {
    pin(false)
    setAnchor(null)
    setAt(null)
  }
  const zoom = () => {
    if (chosen) onZoom?.(...chosen)
    clear()
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const { key, shiftKey } = event
    const now = cursor < 0 ? last + Number(key === 'ArrowLeft') : cursor
    const to = (column: number) => () => {
      setAnchor(shiftKey && onZoom ? (anchor ?? keys[Math.min(now, last)] ?? null) : null)
      go(column, 0)
    }
    const enter = cursor < 0 ? undefined : chosen ? zoom : () => pin(!isPinned)
    const act = {
      ...{ ArrowLeft: to(now - 1), ArrowRight: to(now + 1), Home: to(0), End: to(last) },
      ...{ Escape: chosen ? () => setAnchor(null) : clear, Enter: enter, ' ': enter },
    }[key]
    if (!act) return
    act()
    event.preventDefault()
  }

  const placeOf = ({ clientX, clientY, currentTarget }: Pointed) => {
    const frame = currentTarget.getBoundingClientRect()
    const column = Math.floor(((clientX - frame.left - left) / (width - left - FRAME.right)) * keys.length)
    return { x: clientX, y: clientY - frame.top, column: Math.max(0, Math.min(last, column)) }
  }
  const onPointerMove = (event: Pointed) => {
    const { x, y, column } = placeOf(event)
    if (press && onZoom && Math.abs(x - press.x) > DRAG) {
      pin(false)
      setAnchor(keys[press.column] ?? null)
    } else if (isPinned) return
    go(column, y)
  }
  const onPointerDown = (event: Pointed) => {
    if (event.button) return
    event.currentTarget.setPointerCapture(event.pointerId)
    setPress(placeOf(event))
  }
  const onPointerUp = (event: Pointed) => {
    const { y, column } = placeOf(event)
    if (!press) return
    setPress(null)
    if (chosen) return zoom()
    pin(!isPinned || column !== cursor)
    go(column, y)
  }
  const handlers = {
    ...{ onKeyDown, onPointerMove, onPointerDown, onPointerUp },
    ...{ onBlur: leave, onPointerCancel: leave, onPointerLeave: leave },
  }
  return { cursor, from, chosen, isPinned, down, clear, handlers }
}
