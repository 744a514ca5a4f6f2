import { InvalidArgumentError } from "commander"

/** Adds one `--input key=value` to the earlier ones. */
export function collectInput(pair: string, inputs: Readonly<Record<string, string>>): Record<string, string> {
  return added(pair, inputs, "key=value")
}

/** Adds one `--model NAME=PROVIDER/MODEL` to the earlier ones. */
export function collectModel(pair: string, models: Readonly<Record<string, string>>): Record<string, string> {
  return added(pair, models, "NAME=PROVIDER/MODEL")
}

/** The pairs with one more. A name that is given twice is refused, whether or not the values differ. */
function added(pair: string, pairs: Readonly<Record<string, string>>, form: string): Record<string, string> {
  const equals = pair.indexOf("=")
  if (equals < 1) throw new InvalidArgumentError(`\`${pair}\` is not ${form}`)
  const name = pair.slice(0, equals)
  if (Object.hasOwn(pairs, name)) throw new InvalidArgumentError(`\`${name}\` is given twice: keep one of the two`)
  return { ...pairs, [name]: pair.slice(equals + 1) }
}
