/** A name that a page or a stranger has given: set apart from the text around it, with each letter that cannot be seen as its code. */

import { withCodes } from '../../schema/domain/unseen.ts'

export function Name({ class: kind, children }: { class?: string; children: string }) {
  return <bdi class={kind}>{withCodes(children)}</bdi>
}
