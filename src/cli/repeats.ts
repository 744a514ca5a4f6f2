import type { Command, Option } from "commander"

/**
 * Refuses an option that is given twice. Commander would use the last value without a word, and
 * the person who wrote both cannot know which one counts.
 */
export function refuseRepeats(command: Command): void {
  for (const option of command.options.filter(hasOneValue)) {
    let isGiven = false
    command.on(`option:${option.name()}`, () => {
      if (isGiven) command.error(`error: option '${option.flags}' is given twice: keep one of the two`)
      isGiven = true
    })
  }
}

/** True for an option with a value. The values of a repeatable one are collected in an object. */
function hasOneValue({ required, optional, defaultValue }: Option): boolean {
  return (required || optional) && typeof defaultValue !== "object"
}
