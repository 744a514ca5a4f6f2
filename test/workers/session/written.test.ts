import type { Part } from "@opencode-ai/sdk/v2"
import { expect, it } from "vitest"
import type { Answer } from "../../../src/workers/session/verdict.ts"
import { writtenIn } from "../../../src/workers/session/written.ts"

/** Tool calls as OpenCode 1.18.33 tells of them, what does not matter left out. */
const call = (tool: string, metadata: object, status = "completed"): Part =>
  ({ type: "tool", tool, state: { status, input: {}, output: "", metadata } }) as unknown as Part
const answer = (cwd: string, ...parts: Part[]): Answer => ({ info: { path: { cwd } }, parts }) as unknown as Answer

const HERE = { directory: "/home/me/app" }

it("the files that write, edit and apply_patch wrote are named once each, relative to the project", () => {
  const patched = [
    { filePath: "/home/me/app/new.ts", type: "add" },
    { filePath: "/home/me/app/old.ts", movePath: "/home/me/app/lib/moved.ts", type: "move" },
  ]
  const turn = [
    answer(
      "/home/me/app",
      call("write", { filepath: "/home/me/app/src/a.ts", exists: false }),
      call("edit", { filediff: { file: "/home/me/app/src/a.ts" } }),
    ),
    answer("/home/me/app", call("apply_patch", { files: patched })),
  ]
  expect(writtenIn(turn, HERE)).toEqual(["lib/moved.ts", "new.ts", "old.ts", "src/a.ts"])
})

it("files that were only read, refused or written by a shell command are not named", () => {
  const parts = [
    call("read", { filepath: "/home/me/app/a.ts" }),
    call("edit", { filediff: { file: "/home/me/app/b.ts" } }, "error"),
    call("bash", { output: "", exit: 0 }),
    call("write", {}),
  ]
  expect(writtenIn([answer("/home/me/app", ...parts)], HERE)).toEqual([])
})

it("files are named from the project's root, wherever in it OpenCode was started", () => {
  const turn = [answer("/home/me/app/web", call("write", { filepath: "/home/me/app/web/a.ts" }))]
  expect(writtenIn(turn, { directory: "/home/me/app/web", root: "/home/me/app" })).toEqual(["web/a.ts"])
})

it("files of another server are named relative to its folder, and a path outside of it stays absolute", () => {
  const turn = [
    answer("/srv/app", call("write", { filepath: "/srv/app/src/a.ts" }), call("write", { filepath: "/etc/motd" })),
  ]
  expect(writtenIn(turn, HERE)).toEqual(["/etc/motd", "src/a.ts"])
})
