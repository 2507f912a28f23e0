/**
 * The ground of a chart: columns of one width under a cursor. Pointer and keys move the cursor, pin what stands beside it,
 * and choose columns to zoom to. What is drawn comes from outside.
 */

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { FRAME } from './timeline.ts'

/** Pixels that a pointer moves before it drags. */
const DRAG = 6

interface PlotProps {
  label: string
  /** What each column is, in order: what the cursor stands at stays under it when columns are added. */
  keys: readonly number[]
  width: number
  onWidth: (width: number) => void
  /** Where the columns begin, in pixels. */
  left: number
  /** A column in words. */
  said: (column: number) => string
  /** What stands beside the cursor. */
  tip: (column: number, pinned: boolean) => ComponentChildren
  onZoom?: (first: number, last: number) => void
  /** `cursor` is -1 where there is none. */
  draw: (cursor: number, chosen: readonly [first: number, last: number] | null) => ComponentChildren
}

export function Plot({ label, keys, width, onWidth, left, said, tip, onZoom, draw }: PlotProps) {
  const [box, setBox] = useState<HTMLElement | null>(null)
  const [at, setAt] = useState<number | null>(null)
  const [anchor, setAnchor] = useState<number | null>(null)
  const [pinned, setPinned] = useState(false)
  /** Where the pointer was pressed, and how far down it is. */
  const [press, setPress] = useState<{ x: number; column: number } | null>(null)
  const [down, setDown] = useState(0)
  useEffect(() => {
    if (!box) return
    const watch = new ResizeObserver(([entry]) => onWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(box)
    return () => watch.disconnect()
  }, [box])

  const last = keys.length - 1
  const cursor = at === null ? -1 : keys.indexOf(at)
  const from = anchor === null ? -1 : keys.indexOf(anchor)
  const chosen = from < 0 || cursor < 0 ? null : ([Math.min(from, cursor), Math.max(from, cursor)] as const)
  const go = (column: number) => setAt(keys[Math.max(0, Math.min(last, column))] ?? null)
  const leave = () => {
    setPress(null)
    setAnchor(null)
    if (!pinned) setAt(null)
  }
  const clear = () => {
    setPinned(false)
    setAnchor(null)
    setAt(null)
  }
  const zoom = () => {
    if (chosen) onZoom?.(...chosen)
    clear()
  }

  const onKey = (event: KeyboardEvent) => {
    const { key, shiftKey } = event
    const now = cursor < 0 ? last + Number(key === 'ArrowLeft') : cursor
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[key]
    if (to !== undefined) {
      setAnchor(shiftKey && onZoom ? (anchor ?? keys[Math.min(now, last)] ?? null) : null)
      setDown(0)
      go(to)
    } else if (key === 'Escape') {
      if (chosen) setAnchor(null)
      else clear()
    } else if ((key === 'Enter' || key === ' ') && cursor >= 0) {
      if (chosen) zoom()
      else setPinned(!pinned)
    } else return
    event.preventDefault()
  }

  const inner = width - left - FRAME.right
  type Pointed = PointerEvent & { currentTarget: HTMLElement }
  const placeOf = ({ clientX, clientY, currentTarget }: Pointed) => {
    const frame = currentTarget.getBoundingClientRect()
    const column = Math.floor(((clientX - frame.left - left) / inner) * keys.length)
    return { x: clientX, y: clientY - frame.top, column: Math.max(0, Math.min(last, column)) }
  }
  const onMove = (event: Pointed) => {
    const { x, y, column } = placeOf(event)
    if (press && onZoom && Math.abs(x - press.x) > DRAG) {
      setPinned(false)
      setAnchor(keys[press.column] ?? null)
    } else if (pinned) return
    setDown(y)
    go(column)
  }
  const onDown = (event: Pointed) => {
    if (event.button) return
    event.currentTarget.setPointerCapture(event.pointerId)
    setPress(placeOf(event))
  }
  const onUp = (event: Pointed) => {
    const { y, column } = placeOf(event)
    if (!press) return
    setPress(null)
    if (chosen) return zoom()
    setPinned(!pinned || column !== cursor)
    setDown(y)
    go(column)
  }

  const x = left + ((cursor + 0.5) / keys.length) * inner
  const flips = x > width / 2
  return (
    <div class="stage">
      <div
        ref={setBox}
        class="plot"
        role="slider"
        tabIndex={0}
        aria-label={`${label}, cursor`}
        aria-valuemax={last}
        aria-valuenow={cursor < 0 ? last : cursor}
        aria-valuetext={
          cursor < 0 ? 'Use the arrow keys.' : `${chosen ? `${said(from)} to ` : ''}${said(cursor)}`
        }
        onKeyDown={onKey}
        onBlur={leave}
        onPointerMove={onMove}
        onPointerDown={onDown}
        onPointerUp={onUp}
        onPointerCancel={leave}
        onPointerLeave={leave}
      >
        {width > 0 && last >= 0 && draw(cursor, chosen)}
      </div>
      {cursor >= 0 && !chosen && (
        <div
          class={`tip ${pinned ? 'pinned' : ''}`}
          style={{
            // A transform moves nothing that counts as a shift of the layout.
            transform: `translate(${flips ? `calc(${x - 12}px - 100%)` : `${x + 12}px`}, ${
              down > FRAME.height / 2 ? `calc(${down}px - 100%)` : `${down}px`
            })`,
            maxWidth: `${Math.max(x, width - x) - 12}px`,
          }}
        >
          {tip(cursor, pinned)}
          {pinned && (
            <button type="button" onClick={clear}>
              Unpin
            </button>
          )}
        </div>
      )}
    </div>
  )
}
