import { find } from './install.ts'
import { suite } from './suite.ts'
import { startWebKit } from './webkit.ts'

const driver = find('webkit')
const xvfb = find('xvfb')
suite('WebKitGTK', driver && xvfb ? () => startWebKit(driver, xvfb) : undefined)
