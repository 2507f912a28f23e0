/**
 * What a question by single page views costs the worker: as many of these as one may count, as D1 brings them, go in, ms of CPU come out.
 * In Node, whose engine is workerd's, each in a thread of its own, where no code is compiled yet: as in a new isolate.
 */

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { quantile } from '../kit/client.ts'

/** What tests/kit/worker/questions.ts exports, which has the worker's types. */
interface Questions {
  QUESTIONS: Record<string, object>
  prepared(question: object | undefined): { views: number; ask(): Promise<unknown> }
}

const KIT: string = '../kit/worker/questions.ts'
const TIMES = 20

/** ms of CPU of the first such question in an isolate, and of later ones (median). */
export async function benchSamples(): Promise<Record<string, Record<string, number>>> {
  const { QUESTIONS }: Questions = await import(KIT)
  const found: Record<string, Record<string, number>> = {}
  for (const name in QUESTIONS) found[name] = await inThread(name)
  return found
}

function inThread(name: string): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: name })
    thread.once('message', resolve).once('error', reject)
  })
}

async function measure(name: string): Promise<Record<string, number>> {
  const { QUESTIONS, prepared }: Questions = await import(KIT)
  const { views, ask } = prepared(QUESTIONS[name])
  const times: number[] = []
  for (let i = 0; i < TIMES; i++) {
    const before = process.threadCpuUsage()
    await ask()
    const { user, system } = process.threadCpuUsage(before)
    times.push((user + system) / 1_000)
  }
  const [first = Number.NaN, ...later] = times
  return { 'page views': views, 'ms of the first': first, 'ms of later ones': quantile(later, 0.5) }
}

if (!isMainThread) parentPort?.postMessage(await measure(workerData))
