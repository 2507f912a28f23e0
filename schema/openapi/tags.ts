/**
 * The chapters of the OpenAPI document.
 */

export const TAGS = [
  { name: 'Questions', description: 'What visitors got. A read token may ask about its site.' },
  { name: 'Other tools', description: 'The same data in forms that other tools already read.' },
  {
    name: 'Sites',
    description: 'Who may send beacons, what is kept of them, and who may read. Needs ADMIN_TOKEN.',
  },
  { name: 'Budgets', description: 'What a team promises, how it stands, and who is told when that changes.' },
  { name: 'Beacons', description: 'What the script sends.' },
  { name: 'Worker', description: 'The worker itself.' },
]
