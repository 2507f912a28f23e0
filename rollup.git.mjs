// Builds dist/ where npm packs a repository (`npm install git+https://...`), which it tells its installation by a variable.
// CONTRIBUTING.md says why it is no `prepare`. Any other installation does nothing here.
import { execSync } from 'node:child_process'

if (process.env._PACOTE_NO_PREPARE_) execSync('npm run build')
