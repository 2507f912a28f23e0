/** A name that a page or a stranger has given: set apart from the text around it, with each letter that cannot be seen as its code. */

/** Joiners and variants are seen by what they do to a letter that is not ASCII. All else that is drawn as nothing, or turns the direction, is unseen. */
const UNSEEN = /(?<![^\0-\x7f])\p{DI}|(?![\p{Join_C}\p{VS}])\p{DI}/gu

/** `/cart` and an invisible space: `/cart\u200b`. Two names that differ never look the same for want of ink. */
export function seen(name: string): string {
  return name.replace(UNSEEN, letter => `\\u${letter.codePointAt(0)?.toString(16).padStart(4, '0')}`)
}

export function Name({ class: kind, children }: { class?: string; children: string }) {
  return <bdi class={kind}>{seen(children)}</bdi>
}
