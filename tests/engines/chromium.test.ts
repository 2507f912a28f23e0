import { startChromium } from './chromium.ts'
import { suite } from './suite.ts'

suite('Chromium', startChromium)
