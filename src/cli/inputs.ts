import { InvalidArgumentError, Option } from "commander"

/** `--input key=value`, as often as a workflow has inputs. */
export function inputOption(): Option {
  const option = new Option("-i, --input <key=value>", "an input of the workflow (repeatable)")
  return option.argParser(collectInput).default({}, "none")
}

/** `--model NAME=MODEL`, as often as a run needs another model. */
export function modelOption(): Option {
  const option = new Option("-m, --model <name=model>", "model for a profile or role, in this run (repeatable)")
  return option.argParser(collectModel).default({}, "those of the profiles")
}

/** Adds one `--input key=value` to the earlier ones. */
function collectInput(pair: string, inputs: Readonly<Record<string, string>>): Record<string, string> {
  return added(pair, inputs, "key=value")
}

/** Adds one `--model NAME=PROVIDER/MODEL` to the earlier ones. */
function collectModel(pair: string, models: Readonly<Record<string, string>>): Record<string, string> {
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

/** Reads a whole number, also 0. */
export function wholeOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("write a whole number")
  return Number(text)
}

/** Reads a whole number from 1. */
export function countOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("write a whole number from 1")
  return Number(text)
}
