import { describe, expect, it } from "vitest"
import { type IdSource, ownID } from "../../src/host/ids.ts"

const id = (over: Partial<IdSource> = {}) =>
  ownID("msg", { session: "ses_1", key: "r/survey/1", at: 1_796_066_063_668, ...over })

describe("the id of a message of ours", () => {
  it("is always the same for the same session, key and time, and another for any other", () => {
    expect(id()).toBe(id())
    const all = [id(), id({ session: "ses_2" }), id({ key: "r/survey/2" }), id({ at: 1_796_066_063_669 })]
    expect(new Set([...all, ownID("prt", { session: "ses_1", key: "r/survey/1", at: 1_796_066_063_668 })]).size).toBe(5)
  })

  it("has the form and the length of OpenCode's own: 12 digits of time, then 14 characters", () => {
    expect(id()).toMatch(/^msg_[0-9a-f]{12}[0-9A-Za-z]{14}$/)
  })

  it.each([
    ["a message of the year 2026", 1_796_066_063_668, "22de13534000"],
    ["the last millisecond before the digits overflow", 1_786_706_395_135, "fffffffff000"],
    ["the first millisecond after it", 1_786_706_395_136, "000000000000"],
  ])("begins with the lowest 48 bits of the time, as OpenCode's own: %s", (_, at, digits) => {
    expect(id({ at }).slice(4)).toMatch(new RegExp(`^${digits}`))
  })

  it("sorts before what OpenCode makes later, and after what it made earlier", () => {
    /** OpenCode's own id: the counter of a millisecond begins with 1. */
    const host = (at: number) => `msg_${((BigInt(at) * 4096n + 1n) & 0xffff_ffff_ffffn).toString(16).padStart(12, "0")}`
    const at = 1_796_066_063_668
    expect([host(at), id({ at }), host(at - 1)].sort()).toEqual([host(at - 1), id({ at }), host(at)])
  })

  it.each([
    ["r/survey/1", "msg_caa75f23855785f6d05c86a492"],
    ["r/survey/1/message/m1", "msg_8955ba5885257d371fcabd80f2"],
    ["r/survey/1/context", "msg_8eeb16a6dd7ef09040063e4260"],
    ["handoff/r", "msg_ecc18d17725589bbb5bd4269f5"],
  ])("without a time is the hash that earlier versions used, whatever the session: %s", (key, expected) => {
    expect(id({ key, at: undefined })).toBe(expected)
    expect(id({ key, at: undefined, session: "ses_2" })).toBe(expected)
  })
})
