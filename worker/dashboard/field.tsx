/** A form that is sent once at a time, and its fields: a name, what it may hold and what was wrong with it go in. */

import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'
import type { Fault } from './use-action.ts'

interface FieldProps {
  name: string
  label: string
  fault: Fault | null
  /** What there is already. Anything else may be written, too. */
  options?: readonly string[]
  type?: 'text' | 'number' | 'date' | 'url'
  required?: boolean
  min?: number
  max?: number
  step?: number | 'any'
  placeholder?: string
  pattern?: string
  title?: string
  defaultValue?: string
}

export function Field({ name, label, fault, options, type = 'text', ...how }: FieldProps) {
  const id = useId()
  const isWrong = fault?.field.split('.')[0] === name
  return (
    <div class="field">
      <label for={id}>
        <span>{label}</span>
      </label>
      <input
        id={id}
        type={type}
        name={name}
        list={options && `${id}l`}
        aria-invalid={isWrong ? 'true' : undefined}
        aria-describedby={isWrong ? `${id}e` : undefined}
        {...how}
      />
      {options && (
        <datalist id={`${id}l`}>
          {options.map(option => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
      {isWrong && (
        <p id={`${id}e`} class="alert" role="alert">
          {fault?.reason}
        </p>
      )}
    </div>
  )
}

interface FormProps {
  class?: string
  onSubmit: (form: HTMLFormElement) => Promise<unknown>
  onInput?: () => void
  onChange?: (event: { currentTarget: HTMLFormElement }) => void
  children: ComponentChildren
}

/** A second click while the first is under way, as of a double click, makes nothing twice. */
export function Form({ onSubmit, ...how }: FormProps) {
  const isBusy = useRef(false)
  const onSend = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    if (isBusy.current) return
    isBusy.current = true
    const over = () => {
      isBusy.current = false
    }
    onSubmit(event.currentTarget).then(over, over)
  }
  return <form {...how} onSubmit={onSend} />
}

/** What a form holds, by the names of its fields; empty ones are null, those of numbers numbers. */
export function valuesOf(form: HTMLFormElement): Record<string, string | number | null> {
  const inputs = [...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[name]')]
  return Object.fromEntries(
    inputs.map(({ name, type, value }) => {
      const text = value.trim()
      return [name, text === '' ? null : type === 'number' ? Number(text) : text]
    }),
  )
}

/** What is parted by spaces or commas, as a list: `https://a.example https://b.example`. */
export function wordsOf(text: string | number | null | undefined): string[] {
  return String(text ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
}
