// Grafana Faro with the two instrumentations that time vitals and requests.
import { initializeFaro, PerformanceInstrumentation, WebVitalsInstrumentation } from '@grafana/faro-web-sdk'

initializeFaro({
  url: document.currentScript.dataset.endpoint,
  app: { name: 'shop' },
  instrumentations: [new WebVitalsInstrumentation(), new PerformanceInstrumentation()],
})
