/**
 * D1 as a model: SQLite with one writer that takes its time, by the simulation's clock. Statements of the worker go in,
 * their answers come out later; rows written and time are counted by table.
 *
 * Every table is WITHOUT ROWID and has no second index, so a change of a row is one billed row: tests/worker count the same.
 *
 * @see https://developers.cloudflare.com/d1/platform/limits/ "single-threaded, and processes queries one at a time"
 */

import { readdirSync, readFileSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Ms } from '../../../schema/domain/units.ts'
import type { Clock } from './clock.ts'

/** ms that D1 is busy. The documentation: "if your average query takes 1 ms, approximately 1,000 queries per second". */
export const READ_MS = 1
/** A transaction that writes is made durable in several places: plan for 150 a second. */
export const WRITE_MS = 1_000 / 150
/** Each further row of a transaction. */
const ROW_MS = 0.05
/** D1 queues what it cannot do at once, and refuses what would wait longer, in ms. */
export const LONGEST_WAIT = 10_000

export interface Usage {
  /** Rows written, by table. */
  written: Record<string, number>
  /** Rows that were answered, and one for each statement: the least that D1 can have read. */
  read: number
  transactions: number
  refused: number
  busyMs: number
}

interface Statement {
  text: string
  values: SQLInputValue[]
}

export class D1Model {
  readonly usage: Usage = { written: {}, read: 0, transactions: 0, refused: 0, busyMs: 0 }
  readonly db = new DatabaseSync(':memory:')
  readonly #clock: Clock
  readonly #prepared = new Map<string, StatementSync>()
  /** What was asked; the first `#done` of it is done. */
  #waiting: { run(waited: Ms): Ms; since: Ms }[] = []
  #done = 0
  #isBusy = false

  constructor(clock: Clock) {
    this.#clock = clock
    const folder = 'schema/storage/migrations'
    for (const name of readdirSync(folder).sort()) {
      if (name.endsWith('.sql')) this.db.exec(readFileSync(`${folder}/${name}`, 'utf8'))
    }
  }

  /** A binding, `distance` ms away from the database. */
  binding(distance: Ms): object {
    const make = (text: string, values: SQLInputValue[]): object => ({
      text,
      values,
      bind: (...bound: unknown[]) => make(text, bound.map(plain)),
      run: async () => (await this.#transact([{ text, values }], distance))[0],
      all: async () => (await this.#transact([{ text, values }], distance))[0],
      first: async (column?: string) => {
        const row = (await this.#transact([{ text, values }], distance))[0]?.results[0]
        return row ? (column === undefined ? row : row[column]) : null
      },
      raw: async () => {
        const [answer] = await this.#transact([{ text, values }], distance)
        return answer?.results.map(row => Object.values(row))
      },
    })
    // What the worker uses of D1, and no more.
    return {
      prepare: (text: string) => make(text, []),
      batch: (statements: Statement[]) => this.#transact(statements, distance),
    }
  }

  /** Asks at once and without a trace: the simulation's own look. */
  peek<T>(text: string, ...values: SQLInputValue[]): T[] {
    return this.#statement(text).all(...values) as T[]
  }

  #transact(statements: readonly Statement[], distance: Ms): Promise<Answer[]> {
    return new Promise((resolve, reject) => this.#queue(statements, distance, resolve, reject))
  }

  #queue(
    statements: readonly Statement[],
    distance: Ms,
    resolve: (answers: Answer[]) => void,
    reject: (error: unknown) => void,
  ): void {
    const clock = this.#clock
    const answer = (after: Ms, say: () => void) => clock.at(clock.now + after + distance / 2, say)
    // In the order in which it comes. What has waited for too long is refused, and takes no time.
    const run = (waited: Ms): Ms => {
      if (waited > LONGEST_WAIT) {
        this.usage.refused++
        answer(0, () => reject(new Error('D1_ERROR: D1 DB is overloaded. Requests queued for too long.')))
        return 0
      }
      try {
        const { answers, ms } = this.#execute(statements)
        answer(ms, () => resolve(answers))
        return ms
      } catch (error) {
        this.db.exec('ROLLBACK')
        answer(0, () => reject(error))
        return READ_MS
      }
    }
    clock.at(clock.now + distance / 2, () => {
      this.#waiting.push({ run, since: clock.now })
      if (!this.#isBusy) this.#work()
    })
  }

  /** Does what waits, one after the other. */
  #work(): void {
    const clock = this.#clock
    for (;;) {
      const job = this.#waiting[this.#done++]
      this.#isBusy = job !== undefined
      if (!job) break
      const ms = job.run(clock.now - job.since)
      if (ms === 0) continue
      this.usage.busyMs += ms
      clock.at(clock.now + ms, () => this.#work())
      return
    }
    this.#waiting = []
    this.#done = 0
  }

  #execute(statements: readonly Statement[]): { answers: Answer[]; ms: number } {
    this.usage.transactions++
    this.db.exec('BEGIN')
    let rows = 0
    const answers = statements.map(({ text, values }) => {
      const statement = this.#statement(text)
      const results = statement.all(...values) as Record<string, unknown>[]
      this.usage.read += results.length + 1
      const table =
        /^\s*(?:WITH [\s\S]*?\s)?(?:INSERT(?: OR REPLACE)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)/i.exec(
          text,
        )?.[1]
      const changes = table ? Number(this.#statement('SELECT changes() AS n').get()?.n) : 0
      if (table && changes) this.usage.written[table] = (this.usage.written[table] ?? 0) + changes
      rows += changes
      return {
        results,
        success: true as const,
        meta: { changes, rows_written: changes, rows_read: results.length },
      }
    })
    this.db.exec('COMMIT')
    return { answers, ms: rows ? WRITE_MS + ROW_MS * (rows - 1) : READ_MS * statements.length }
  }

  #statement(text: string): StatementSync {
    const known = this.#prepared.get(text)
    if (known) return known
    const statement = this.db.prepare(text)
    this.#prepared.set(text, statement)
    return statement
  }
}

interface Answer {
  results: Record<string, unknown>[]
  success: true
  meta: { changes: number; rows_written: number; rows_read: number }
}

function plain(value: unknown): SQLInputValue {
  return typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)
}
