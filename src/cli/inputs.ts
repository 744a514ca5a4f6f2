import { InvalidArgumentError } from "commander"

/** Adds one `--input key=value` to the earlier ones. */
export function collectInput(pair: string, inputs: Readonly<Record<string, string>>): Record<string, string> {
  const equals = pair.indexOf("=")
  if (equals < 1) throw new InvalidArgumentError(`\`${pair}\` is not key=value`)
  return { ...inputs, [pair.slice(0, equals)]: pair.slice(equals + 1) }
}

/** Adds one `--model NAME=PROVIDER/MODEL` to the earlier ones. */
export function collectModel(pair: string, models: Readonly<Record<string, string>>): Record<string, string> {
  const equals = pair.indexOf("=")
  if (equals < 1) throw new InvalidArgumentError(`\`${pair}\` is not NAME=PROVIDER/MODEL`)
  return { ...models, [pair.slice(0, equals)]: pair.slice(equals + 1) }
}
