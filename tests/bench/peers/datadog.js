// Datadog's slim RUM (no session replay), with vitals and resources.
import { datadogRum } from '@datadog/browser-rum-slim'

datadogRum.init({
  applicationId: 'a',
  clientToken: 'c',
  site: 'datadoghq.com',
  proxy: document.currentScript.dataset.endpoint,
  trackResources: true,
  trackLongTasks: false,
  trackUserInteractions: false,
})
