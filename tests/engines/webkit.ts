/**
 * WebKitGTK for the suite of all browsers: its small browser on a display that nobody sees, driven by WebDriver.
 *
 * @see https://www.w3.org/TR/webdriver2/
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type Engine, type Tab, until } from './engine.ts'

/** WebDriver's name of the key that holds an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
/** ms after which a command that has no answer fails: before the test does, and with its name. */
const NO_ANSWER = 30_000

export async function startWebKit(driver: string, xvfb: string): Promise<Engine> {
  const screen = await startScreen(xvfb)
  const port = await freePort()
  const program = spawn(driver, [`--port=${port}`], {
    env: { ...process.env, DISPLAY: screen.display, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1' },
    stdio: 'ignore',
  })
  const command = commander(`http://127.0.0.1:${port}`)
  const session = await startSession(command)
  const handles = new Map<Tab, string>()
  /** The tab that covers another one. */
  const covers = new Map<Tab, string>()
  const first: string = await command('GET', `${session}/window`)

  // Commands go to the current window: no two tabs may take turns in the middle.
  let queue: Promise<unknown> = Promise.resolve()
  const inWindow = <Answer>(handle: string, run: () => Promise<Answer>): Promise<Answer> => {
    const answer = queue.then(async () => {
      await command('POST', `${session}/window`, { handle })
      return run()
    })
    queue = answer.catch(() => {})
    return answer
  }
  const newWindow = async (type: 'tab' | 'window', beside: string): Promise<string> => {
    const { handle } = await inWindow(beside, () =>
      command<{ handle: string }>('POST', `${session}/window/new`, { type }),
    )
    return handle
  }

  const toTab = (handle: string): Tab => {
    const tab: Tab = {
      async run(source) {
        const script = `const done = arguments[0]
          Promise.resolve().then(() => ${source}).then(value => done({ value }), error => done({ error: String(error) }))`
        const { value, error } = await inWindow(handle, () =>
          command<{ value?: unknown; error?: string }>('POST', `${session}/execute/async`, {
            script,
            args: [],
          }),
        )
        if (error) throw new Error(error)
        return value
      },
      click: selector =>
        inWindow(handle, async () => {
          const found = await command<Record<string, string>>('POST', `${session}/element`, {
            using: 'css selector',
            value: selector,
          })
          await command('POST', `${session}/element/${found[ELEMENT]}/click`, {})
        }),
      goto: url => inWindow(handle, () => command('POST', `${session}/url`, { url })),
      close: () => inWindow(handle, () => command('DELETE', `${session}/window`)),
    }
    handles.set(tab, handle)
    return tab
  }
  const handleOf = (tab: Tab): string => handles.get(tab) ?? ''

  return {
    async open(url) {
      const tab = toTab(await newWindow('window', first))
      await tab.goto(url)
      return tab
    },
    async openBehind(url) {
      const cover = await newWindow('window', first)
      const tab = toTab(await newWindow('tab', cover))
      covers.set(tab, cover)
      await tab.goto(url)
      return tab
    },
    async hide(tab) {
      await inWindow(handleOf(tab), () => command('POST', `${session}/window/minimize`, {}))
      await until(tab, () => document.visibilityState === 'hidden')
    },
    async show(tab) {
      const cover = covers.get(tab)
      covers.delete(tab)
      if (cover) await inWindow(cover, () => command('DELETE', `${session}/window`))
      else
        await inWindow(handleOf(tab), () =>
          command('POST', `${session}/window/rect`, { width: 1000, height: 700 }),
        )
      await until(tab, () => document.visibilityState === 'visible')
    },
    // WebDriver tells none.
    complaints: [],
    async close() {
      await command('DELETE', session).catch(() => {})
      await stop(program)
      await screen.close()
    },
  }
}

type Command = <Answer>(method: string, path: string, body?: object) => Promise<Answer>

function commander(server: string): Command {
  return async (method, path, body) => {
    const signal = AbortSignal.timeout(NO_ANSWER)
    const response = await fetch(server + path, {
      method,
      signal,
      ...(body && { body: JSON.stringify(body) }),
    }).catch(error => {
      throw signal.aborted ? new Error(`${method} ${path}: no answer for ${NO_ANSWER} ms`) : error
    })
    const { value } = (await response.json()) as { value: never }
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(value)}`)
    return value
  }
}

/** The path of a new session, once the driver listens. */
async function startSession(command: Command): Promise<string> {
  for (let tries = 0; ; tries++)
    try {
      await command('GET', '/status')
      break
    } catch (error) {
      if (tries > 200) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  const { sessionId } = await command<{ sessionId: string }>('POST', '/session', {
    capabilities: { alwaysMatch: {} },
  })
  return `/session/${sessionId}`
}

/** An X server without a screen. It chooses a free number and writes it to its fourth stream. */
async function startScreen(xvfb: string): Promise<{ display: string; close(): Promise<void> }> {
  const program = spawn(
    xvfb,
    ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp', '-noreset'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  const numbers = program.stdio[3]
  if (!numbers) throw new Error('Xvfb has no fourth stream')
  const [number] = await once(numbers, 'data')
  return { display: `:${String(number).trim()}`, close: () => stop(program) }
}

async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode) return
  const ended = once(program, 'exit')
  program.kill()
  await ended
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
