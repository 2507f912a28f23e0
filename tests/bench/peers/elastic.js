// Elastic's RUM agent: vitals and requests come by themselves.
import { init } from '@elastic/apm-rum'

init({ serviceName: 'shop', serverUrl: document.currentScript.dataset.endpoint })
