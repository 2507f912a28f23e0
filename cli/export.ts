/**
 * `fieldline export`: every page view as Parquet, CSV or NDJSON, or histograms for OpenTelemetry.
 *
 * With `--out`, what came is kept beside the file until all of it is there (export/part). So the file is whole or absent,
 * and the same command goes on where an export was cut off.
 */

import { once } from 'node:events'
import { rename, rm, writeFile } from 'node:fs/promises'
import { HOUR } from '../schema/domain/hour.ts'
import { jsonText, rootOf } from './api.ts'
import { type Call, type Command, type Given, one } from './command.ts'
import { alone } from './export/alone.ts'
import { csv } from './export/csv.ts'
import { follow, isPassing } from './export/follow.ts'
import { isEnd, openPart, pageViewLines } from './export/part.ts'
import { isPipeClosed, misuse, refused } from './failure.ts'
import { checkWritable } from './file.ts'
import { FILTERS, filtersOf, queryOf, RANGE, siteOf, timeOf } from './range.ts'
import { version } from './version.ts'

const FORMATS = ['ndjson', 'csv', 'parquet', 'otlp']

export const exportData: Command = {
  name: 'export',
  operands: [],
  about: 'write page views as Parquet, CSV or NDJSON, or OTLP histograms',
  options: {
    ...RANGE,
    format: { value: '<format>', help: 'parquet, csv, ndjson or otlp; default: ndjson' },
    out: { value: '<file>', help: 'the file to write; default: the standard output' },
    cursor: { value: '<cursor>', help: 'page views: go on after the line of NDJSON that has it' },
    metrics: { value: '<list>', help: 'otlp: vitals, api, phase:load, blocking:load, custom:<mark>' },
    'group-by': { value: '<list>', help: 'otlp: up to two of the filters below' },
    limit: { value: '<n>', help: 'the most page views, or groups; default: all page views' },
    ...FILTERS,
  },
  async run(call) {
    const { given } = call
    const [format, out] = [one(given, 'format') ?? 'ndjson', one(given, 'out')]
    if (!FORMATS.includes(format)) throw misuse(`--format must be one of ${FORMATS.join(', ')}.`)
    if (format === 'parquet' && out === undefined) throw misuse('--format parquet needs --out <file>.')
    await checkWritable(given, 'out')
    const limit = wholeOf(given, 'limit')
    if (out !== undefined) {
      const write = () => (format === 'otlp' ? histograms(call, out) : toFile(call, format, out, limit))
      return alone(out, write)
    }
    return format === 'otlp' ? histograms(call, out) : toStandardOutput(call, format, limit)
  },
}

/** What is asked for, at absolute times. */
function askedOf(given: Given, now: number) {
  const { from, to } = timeOf(given)
  return { site: siteOf(given), from: absolute(from ?? '-24h', now), to: absolute(to ?? 'now', now) }
}

async function toFile(call: Call, format: string, out: string, limit: number): Promise<void> {
  const { given, note, open } = call
  const now = askedOf(given, Date.now())
  const { url = '', token, ...options } = given
  const path = `${out}.part`
  const part = await openPart(path, { url: String(url), options: { ...options }, from: now.from, to: now.to })
  const { from, to } = part.asked
  let { count, cursor } = part
  if (part.dropped)
    note(`What was left of an export up to ${part.dropped} is dropped: this one is of a later time.`)
  if (count) note(`Going on after ${count} page views of ${from} to ${to}.`)
  const query = { site: now.site, from, to, ...filtersOf(given) }
  try {
    if (cursor !== null && count < limit) {
      for await (const lines of follow(open, {
        query,
        cursor: cursor ?? one(given, 'cursor'),
        limit: limit - count,
      })) {
        await part.append(lines)
        count += lines.filter(line => !isEnd(line)).length
      }
    }
  } catch (error) {
    // Nothing came, so nothing is lost: what is left of a wrong question would be in the way of the right one.
    if (!count) {
      await rm(path)
      throw error
    }
    throw cutOff(` after ${count} page views`, error, '\nThe same command goes on from there.')
  } finally {
    await part.close()
  }
  const made = `${out}.tmp`
  await write(
    made,
    format,
    pageViewLines(path),
    JSON.stringify({ site: now.site, from, to, version: version() }),
  )
  await rename(made, out)
  await rm(path)
  note(`Wrote ${out}: ${count} page views.`)
}

async function write(
  path: string,
  format: string,
  lines: AsyncIterable<string>,
  about: string,
): Promise<void> {
  if (format === 'parquet') {
    const { writeParquet } = await import('./export/parquet.ts')
    return writeParquet(path, lines, about)
  }
  await writeFile(path, format === 'csv' ? csv(lines) : withEnds(lines))
}

async function* withEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`
}

async function toStandardOutput({ given, open }: Call, format: string, limit: number): Promise<void> {
  const { site, from, to } = askedOf(given, Date.now())
  const query = { site, from, to, ...filtersOf(given) }
  const answers = follow(open, { query, cursor: one(given, 'cursor'), limit })
  const texts = format === 'csv' ? csv(viewsOf(answers)) : textsOf(answers)
  try {
    for await (const text of texts) if (!process.stdout.write(text)) await once(process.stdout, 'drain')
  } catch (error) {
    if (!isPipeClosed(error)) throw isPassing(error) ? cutOff('', error) : error
  }
}

async function* textsOf(answers: AsyncIterable<string[]>): AsyncGenerator<string> {
  for await (const lines of answers) yield `${lines.join('\n')}\n`
}

async function* viewsOf(answers: AsyncIterable<string[]>): AsyncGenerator<string> {
  for await (const lines of answers) yield* lines.filter(line => !isEnd(line))
}

async function histograms(call: Call, out: string | undefined): Promise<void> {
  const { given } = call
  const answer = await call.open('/v1/export', {
    format: 'otlp',
    ...queryOf(given, ['metrics', 'limit']),
    group_by: one(given, 'group-by'),
  })
  const text = await jsonText(answer, rootOf(one(given, 'url') ?? ''))
  if (out === undefined) {
    process.stdout.write(text)
    return
  }
  await writeFile(`${out}.tmp`, text)
  await rename(`${out}.tmp`, out)
  call.note(`Wrote ${out}.`)
}

function cutOff(where: string, error: unknown, remedy = ''): Error {
  return refused(`The export was cut off${where}: ${error instanceof Error ? error.message : error}${remedy}`)
}

/** `-7d` and `now` by the clock of this machine; what else there is as it stands. */
function absolute(time: string, now: number): string {
  const [, n, unit] = /^-(\d{1,4})([hd])$/.exec(time) ?? []
  const hours = Number(n) * (unit === 'd' ? 24 : 1)
  return n || time === 'now' ? new Date(now - (n ? hours * HOUR : 0)).toISOString() : time
}

function wholeOf(given: Given, name: string): number {
  const text = one(given, name)
  if (text !== undefined && !/^[1-9]\d*$/.test(text)) throw misuse(`--${name} must be a whole number from 1.`)
  return text === undefined ? Number.POSITIVE_INFINITY : Number(text)
}
