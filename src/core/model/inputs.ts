import type { InputSpec, InputValue } from "./workflow.ts"

/** True when a text is empty, or has only white space, although the input must be given. */
export function isMissing({ type, required, default: fallback }: InputSpec, value: InputValue): boolean {
  return type === "string" && required && fallback === undefined && String(value).trim() === ""
}
