/** The ground of a chart: columns of one width under a cursor. What is drawn, and what stands beside the cursor, comes from outside. */

import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { FRAME } from './timeline.ts'
import { useCursor } from './use-cursor.ts'

interface PlotProps {
  label: string
  /** What each column is, in order. */
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
  useEffect(() => {
    if (!box) return
    const watch = new ResizeObserver(([entry]) => onWidth(Math.floor(entry?.contentRect.width ?? 0)))
    watch.observe(box)
    return () => watch.disconnect()
  }, [box])
  const { cursor, from, chosen, isPinned, down, clear, handlers } = useCursor({ keys, left, width, onZoom })
  const last = keys.length - 1
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
        {...handlers}
      >
        {width > 0 && last >= 0 && draw(cursor, chosen)}
      </div>
      {cursor >= 0 && !chosen && (
        <div
          class={`tip ${isPinned ? 'pinned' : ''}`}
          style={besideOf(left + ((cursor + 0.5) / keys.length) * (width - left - FRAME.right), down, width)}
        >
          {tip(cursor, isPinned)}
          {isPinned && (
            <button type="button" onClick={clear}>
              Unpin
            </button>
          )}
        </div>
      )}
    </div>
  )
}

/** Beside a point of the chart, on the side with more room. */
function besideOf(x: number, down: number, width: number) {
  const right = x > width / 2 ? `calc(${x - 12}px - 100%)` : `${x + 12}px`
  const below = down > FRAME.height / 2 ? `calc(${down}px - 100%)` : `${down}px`
  return {
    // A transform moves nothing that counts as a shift of the layout.
    transform: `translate(${right}, ${below})`,
    maxWidth: `${Math.max(x, width - x) - 12}px`,
  }
}
