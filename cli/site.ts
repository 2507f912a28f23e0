/** `fieldline site ...`: the sites that may send beacons. */

import type { MoveAnswer } from '../schema/api/move.ts'
import type { SiteAnswer, SiteChange, SitesAnswer } from '../schema/api/site.ts'
import { all, type Command, type Given, needed, type Options, one, show } from './command.ts'
import { misuse } from './failure.ts'
import { sitePath } from './range.ts'
import { table } from './table.ts'

const SETTINGS: Options = {
  origin: {
    value: '<origin>',
    help: 'who may send beacons, https://shop.example; may be repeated',
    many: true,
  },
  rate: { value: '<n>', help: 'keep at most one page view in n, a power of two' },
  'rows-per-day': { value: '<n>', help: 'beacons stored a day; beyond it, a sample' },
  'bytes-per-day': { value: '<n>', help: 'bytes of single page views stored a day; beyond it, a sample' },
  'max-weight': { value: '<n>', help: 'the most page views that one beacon may stand for' },
  'raw-days': { value: '<n>', help: 'days that single page views are kept' },
  'hour-days': { value: '<n>', help: 'days that hour roll-ups are kept' },
  'day-days': { value: '<n>', help: 'days that day roll-ups are kept' },
  'trace-link': { value: '<address>', help: 'where a trace is shown, https://tempo.example/trace/{trace}' },
}

export const siteList: Command = {
  name: 'site list',
  operands: [],
  about: 'list the sites that the token may read',
  options: {},
  async run(call) {
    const answer = await call.ask<SitesAnswer>('GET', '/v1/sites')
    show(call, answer, () => {
      if (!answer.data.length) return 'No sites yet. Add one: fieldline site add <site> --origin <origin>'
      const head = [
        'site',
        'origins',
        'database',
        'rate',
        'rows a day',
        'days raw',
        'hours',
        'days',
        'bots 24 h',
      ]
      const rows = answer.data.map(site => [
        site.site,
        site.origins.join(' '),
        site.database,
        ...[
          site.rate,
          site.rows_per_day,
          site.raw_days,
          site.hour_days,
          site.day_days,
          site.bot_beacons_24h,
        ].map(String),
      ])
      return table(head, rows, 3)
    })
  },
}

export const siteShow: Command = {
  name: 'site show',
  operands: ['site'],
  about: 'show the settings of a site',
  options: {},
  async run(call) {
    const answer = await call.ask<SiteAnswer>('GET', sitePath(call.given))
    show(call, answer, () => describe(answer))
  },
}

export const siteAdd: Command = {
  name: 'site add',
  operands: ['site'],
  about: 'add a site; settings that you leave out take their default',
  options: {
    ...SETTINGS,
    database: { value: '<binding>', help: 'where its rows lie: DB_2; default: DB' },
  },
  async run(call) {
    const settings = settingsOf(call.given)
    const database = one(call.given, 'database')
    if (!settings.origins) throw misuse('--origin is missing: name the origins that may send beacons.')
    // Only a site that is not there yet: a slip does not change another's settings.
    const answer = await call.ask<SiteAnswer>('PUT', sitePath(call.given), {
      body: { ...settings, database },
      headers: { 'If-None-Match': '*' },
    })
    show(call, answer, () => describe(answer))
  },
}

export const siteSet: Command = {
  name: 'site set',
  operands: ['site'],
  about: 'change settings; --origin replaces all origins',
  options: SETTINGS,
  async run(call) {
    const change = settingsOf(call.given)
    if (!Object.keys(change).length) throw misuse('Nothing to change: give at least one setting.')
    const answer = await call.ask<SiteAnswer>('PATCH', sitePath(call.given), { body: change })
    show(call, answer, () => describe(answer))
  },
}

export const siteMove: Command = {
  name: 'site move',
  operands: ['site'],
  about: 'move a site to another database; run again, it goes on',
  options: { to: { value: '<binding>', help: 'the database that it goes to: DB_2' } },
  async run(call) {
    const to = needed(call.given, 'to')
    let rows = 0
    for (;;) {
      const answer = await call.ask<MoveAnswer>('POST', sitePath(call.given, 'move'), { body: { to } })
      rows += answer.rows
      if (answer.phase === 'copy' || answer.phase === 'merge') {
        call.note(`${answer.phase}: ${answer.step} of ${answer.steps} steps, ${rows} rows`)
        continue
      }
      const old = answer.phase === 'purge' ? ' Its old rows go an hour after.' : ''
      show(call, { ...answer, rows }, () => `${answer.site} is in ${to}. ${rows} rows were copied.${old}`)
      return
    }
  },
}

export const siteRemove: Command = {
  name: 'site remove',
  operands: ['site'],
  about: 'delete a site and all its data',
  options: { yes: { help: 'confirm' } },
  async run(call) {
    if (!call.given.yes) throw misuse('This deletes the site and all its data. Add --yes to confirm.')
    await call.ask('DELETE', sitePath(call.given))
    call.note(`${one(call.given, 'site')} is deleted. Its rows go in the background.`)
  },
}

/** The settings that are given. The API checks what they may be. */
function settingsOf(given: Given): SiteChange {
  const origins = all(given, 'origin')
  const numbers = Object.keys(SETTINGS)
    .filter(name => name !== 'origin' && name !== 'trace-link')
    .flatMap(name => {
      const value = one(given, name)
      if (value === undefined) return []
      if (!/^\d+$/.test(value)) throw misuse(`--${name} must be a whole number, not ${value}.`)
      return [[name.replaceAll('-', '_'), Number(value)]]
    })
  const link = one(given, 'trace-link')
  return {
    ...(origins.length && { origins }),
    ...(link !== undefined && { trace_link: link || null }),
    ...Object.fromEntries(numbers),
  }
}

/** One setting a line. */
export function describe({ moving, ...site }: SiteAnswer): string {
  const all = { ...site, ...(moving && { moving: moveInWords(moving) }) }
  return Object.entries(all)
    .map(([name, value]) => `${name.padEnd(16)} ${Array.isArray(value) ? value.join(' ') : value}`)
    .join('\n')
}

function moveInWords({ phase, other }: NonNullable<SiteAnswer['moving']>): string {
  if (phase === 'copy') return `to ${other}: its rows are copied`
  return phase === 'merge'
    ? `from ${other}: what came there lately follows`
    : `from ${other}: its old rows there go an hour after the move`
}
