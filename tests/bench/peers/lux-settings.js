// lux.js reads its settings once, as it starts.
const { endpoint } = document.currentScript.dataset
window.LUX = {
  customerid: '1',
  beaconUrl: `${endpoint}/lux/`,
  beaconUrlV2: `${endpoint}/store`,
  trackErrors: false,
}
