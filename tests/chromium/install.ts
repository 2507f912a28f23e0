/** Before the browser's tests: finds a Chromium, or installs one, which takes longer than a test may. */

import { findBrowser } from '../../demo/local/browser.ts'

export default function install(): void {
  findBrowser()
}
