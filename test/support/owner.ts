/** The key of the person in a test: the processes of one test sign their commands with it. */
export const SECRET = Buffer.from("the owner's key, the same in every process")
