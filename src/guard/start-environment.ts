import { SECRET_VARIABLES } from "./shell-env.ts"

/** Only this is read by nothing after the server's start, so it is deleted (contract C77). */
const PASSWORD = "OPENCODE_SERVER_PASSWORD"

/**
 * Removes the server's password from the environment that tools inherit, and overwrites it where
 * the kernel shows how the process was started (`/proc/PID/environ`), together with the other
 * secret variables, which OpenCode itself reads from its own copy. Authentication is not affected,
 * because OpenCode has read the password before it loads plugins. Returns why the overwriting was
 * not possible, or undefined.
 */
export async function forgetSecrets(): Promise<string | undefined> {
  // Reading copies a value out of the memory that is overwritten below.
  const values = SECRET_VARIABLES.flatMap((name) => {
    const value = process.env[name]
    return value ? [{ name, length: Buffer.byteLength(value) }] : []
  })
  for (const { name } of values) if (name !== PASSWORD) process.env[name] = `${process.env[name]}`
  delete process.env[PASSWORD]
  try {
    const { dlopen, FFIType, toArrayBuffer } = await import("bun:ffi")
    const library = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6"
    const { symbols } = dlopen(library, { getenv: { args: [FFIType.cstring], returns: FFIType.ptr } })
    for (const { name, length } of values) {
      const at = symbols.getenv(Buffer.from(`${name}\0`))
      if (at !== null) new Uint8Array(toArrayBuffer(at, 0, length)).fill(0)
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
