/**
 * The figures of `npm run bench -- scale`, kept in a file, as tables of Markdown.
 */

import { readFileSync } from 'node:fs'
import { type Line, RESULTS } from '../../bench/scale.ts'

const HEADS = {
  beacons: 'beacons',
  meters: 'reports',
  rates: 'rates',
  counts: 'counts',
  'roll-ups': 'roll-ups',
  'other %': 'other',
  'worst minute': 'rows in the worst minute',
  'overshoot %': 'beyond the budget',
  'D1 busy %': 'D1 busy',
  'refused %': 'refused',
  'count error %': 'error of the count',
  'p75 error %': 'error of p75',
  covered: 'hours covered',
  '$ a million': '$ a million',
} as const satisfies Partial<Record<keyof Line, string>>
type Column = keyof typeof HEADS

/** A row for each scenario whose name `names` matches; `columns` beside the name and the isolates. */
export function scaleTable(columns: readonly Column[] = Object.keys(HEADS) as Column[], names = /./): string {
  return [
    row(['page views', 'isolates', ...columns.map(column => HEADS[column])]),
    row(['---', ...['', ...columns].map(() => '---:')]),
    ...Object.entries(kept())
      .filter(([name]) => names.test(name))
      .map(([name, line]) =>
        row([name, count(line.isolates), ...columns.map(column => cell(column, line[column]))]),
      ),
  ].join('\n')
}

/** A row for each scenario that ran with several seeds, with what they are; nothing where none did. */
export function seedsTable(): string {
  const rows = Object.entries(kept()).flatMap(([name, { seeds: of }]) => {
    if (!of) return []
    const [found = 0, all = 1] = of.covered.split(' of ').map(Number)
    const covered = `${count(found)} of ${count(all)}, ${((100 * found) / all).toFixed(1)}%`
    const errors = (['count error %', 'p75 error %'] as const).map(column => cell(column, of[column]))
    return [row([name, count(of.seeds), ...errors, covered])]
  })
  if (!rows.length) return ''
  const heads = row(['page views', 'seeds', 'error of the count', 'error of p75', 'hours covered'])
  const table = [heads, row(['---', '---:', '---:', '---:', '---:']), ...rows].join('\n')
  return `\nThe same with several seeds, errors as root mean squares:\n\n${table}\n`
}

function kept(): Record<string, Line> {
  return JSON.parse(readFileSync(RESULTS, 'utf8'))
}

function row(cells: string[]): string {
  return `| ${cells.join(' | ')} |`
}

function cell(column: Column, value: number | string | null): string {
  if (value === null) return '–'
  if (typeof value === 'string') return value
  if (column === '$ a million') return value.toFixed(2)
  return column.endsWith('%') ? `${value.toFixed(1)}%` : count(value)
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}
