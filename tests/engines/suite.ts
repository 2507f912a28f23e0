/** The suite of all browsers, in one of them; skipped where there is no such browser. */

import { describe } from 'vitest'
import { ABILITIES, type BrowserName } from './browser-support.ts'
import { calls } from './calls.ts'
import type { Engine } from './engine.ts'
import { errors } from './errors.ts'
import { outcomes } from './outcomes.ts'
import { endings } from './page-exit.ts'
import { routers } from './routers.ts'
import { views } from './views.ts'
import { testIn } from './visit.ts'
import { vitals } from './vitals.ts'

export function suite(name: BrowserName, start: (() => Promise<Engine>) | undefined): void {
  const test = testIn(start ?? (() => Promise.reject()), ABILITIES[name])
  describe.skipIf(!start)(name, () => {
    for (const part of [vitals, views, routers, calls, errors, outcomes, endings]) part(test)
  })
}
