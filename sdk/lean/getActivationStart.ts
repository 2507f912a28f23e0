/** In place of web-vitals' lib/getActivationStart.js: ours. */

export { activationStart as getActivationStart } from '../navigation.ts'
