import { startFirefox } from './firefox.ts'
import { find } from './install.ts'
import { suite } from './suite.ts'

const program = find('firefox')
suite('Firefox', program ? () => startFirefox(program) : undefined)
