/**
 * The chapters of the OpenAPI document.
 */

export const TAGS = [
  { name: 'Questions', description: 'What visitors measured. A read token may ask about its site.' },
  { name: 'Other tools', description: 'The same data in forms that other tools already read.' },
  {
    name: 'Sites',
    description: 'Sites, their settings, their naming rules, tags, deploys and read tokens.',
  },
  {
    name: 'Budgets',
    description: 'Limits, their state and history, and the webhooks that are called when a state changes.',
  },
  { name: 'Beacons', description: 'What the script sends.' },
  { name: 'Worker', description: 'Its health, and the description of its API.' },
]
