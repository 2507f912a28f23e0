/** What a row of the lake has that its schema does not allow, as Basin Pipelines would drop it: silently. */

import type { LakeField, LakeType } from '../../schema/storage/lake.ts'

/** The faults of a record by fields of schema/lake.json; a field that nobody declared is one, too. */
export function faultsOf(fields: readonly LakeField[], record: unknown, place = ''): string[] {
  if (record === null || typeof record !== 'object') return [`${place} is no struct`]
  const names = new Set(fields.map(({ name }) => name))
  const values = new Map(Object.entries(record))
  return [
    ...[...values.keys()].filter(name => !names.has(name)).map(name => `${place}${name} is not declared`),
    ...fields.flatMap(field => {
      const value = values.get(field.name)
      if (value != null) return faultsOfValue(field, value, place + field.name)
      return field.required ? [`${place}${field.name} is missing`] : []
    }),
  ]
}

function faultsOfValue(type: LakeType, value: unknown, place: string): string[] {
  switch (type.type) {
    case 'struct':
      return faultsOf(type.fields, value, `${place}.`)
    case 'list':
      return Array.isArray(value)
        ? value.flatMap((item, i) => faultsOfValue(type.items, item, `${place}.${i}`))
        : [`${place} is no list`]
    case 'string':
      return typeof value === 'string' ? [] : [`${place} is no text`]
    case 'bool':
      return typeof value === 'boolean' ? [] : [`${place} is no flag`]
    case 'float64':
      return Number.isFinite(value) ? [] : [`${place} is no number`]
    case 'int64':
    case 'timestamp':
      return Number.isSafeInteger(value) ? [] : [`${place} is no whole number`]
  }
}
