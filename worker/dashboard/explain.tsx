/** What a word of the page means, where it stands: a button opens what the page of help says of it, and a link to more. */

import { useId, useState } from 'preact/hooks'
import { short } from './format.ts'

export function Explain({ of, said }: { of: string; said?: string }) {
  const id = useId()
  const [text, setText] = useState('')
  const name = of.length > 4 ? of : short(of)
  return (
    <>
      <button
        type="button"
        class="what"
        popovertarget={id}
        aria-label={said ?? `What is ${name}?`}
        onClick={() => text || read(of).then(setText, () => {})}
      >
        {said ?? '?'}
      </button>
      <span id={id} popover="auto" class="panel explain">
        {text} <a href={`/help#${of}`}>Learn more about {name}</a>
      </span>
    </>
  )
}

/** The first paragraph of a section of `/help`, which docs/reading.md is built to. */
async function read(of: string): Promise<string> {
  const page = await (await fetch('/help')).text()
  return (
    new DOMParser().parseFromString(page, 'text/html').getElementById(of)?.nextElementSibling?.textContent ??
    ''
  )
}
