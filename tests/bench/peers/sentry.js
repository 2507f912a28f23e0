// Sentry with tracing alone, put together as its page on tree shaking says.
import {
  BrowserClient,
  browserTracingIntegration,
  defaultStackParser,
  getCurrentScope,
  makeFetchTransport,
} from '@sentry/browser'

const { endpoint } = document.currentScript.dataset
const client = new BrowserClient({
  dsn: `${endpoint.replace('//', '//key@')}/1`,
  transport: makeFetchTransport,
  stackParser: defaultStackParser,
  integrations: [browserTracingIntegration()],
  tracesSampleRate: 1,
})
getCurrentScope().setClient(client)
client.init()
