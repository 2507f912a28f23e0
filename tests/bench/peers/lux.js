// SpeedCurve's lux.js: vitals and load phases. It does not time API calls.
import './lux-settings.js'
import '@speedcurve/lux/dist/lux.es2020.min.js'
