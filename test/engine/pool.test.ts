import { describe, expect, it } from "vitest"
import { type Lease, type Permit, type PermitRequest, Pool } from "../../src/engine/dispatch/pool.ts"
import { manualClock } from "../support/clock.ts"

const wanted = (over: Partial<PermitRequest> = {}): PermitRequest => ({
  profile: "p",
  concurrency: Number.POSITIVE_INFINITY,
  maxWorkers: 100,
  provider: "acme",
  isBack: false,
  ...over,
})

/** A pool and the places it has given so far, in order. */
function setUp() {
  const clock = manualClock(1_000)
  const pool = new Pool(clock, () => 0.5)
  const places: Permit[] = []
  const ask = (over?: Partial<PermitRequest>, signal = new AbortController().signal) => {
    void pool.acquire(wanted(over), signal).then((place) => place && places.push(place))
  }
  const settled = async () => {
    await Promise.resolve()
    await Promise.resolve()
    return places
  }
  const leases = async () => (await settled()).flatMap((place): Lease[] => (place.ok ? [place.lease] : []))
  return { clock, pool, ask, settled, leases }
}

describe("caps", () => {
  it.each([
    ["of the project", { maxWorkers: 2 }],
    ["of the profile", { concurrency: 2 }],
  ])("%s are never exceeded, and waiting workers are served in order", async (_, cap) => {
    const { ask, leases } = setUp()
    for (let i = 0; i < 5; i++) ask(cap)
    expect(await leases()).toHaveLength(2)
    ;(await leases())[0]?.release(true)
    expect(await leases()).toHaveLength(3)
    ;(await leases())[0]?.release(true)
    expect(await leases()).toHaveLength(3)
  })

  it("of one profile do not delay another profile", async () => {
    const { ask, leases } = setUp()
    ask({ concurrency: 1 })
    ask({ concurrency: 1 })
    ask({ profile: "other", concurrency: 1 })
    expect(await leases()).toHaveLength(2)
  })

  it("do not count a worker that lends its place to one it has started and waits for", async () => {
    const { ask, leases } = setUp()
    ask({ maxWorkers: 1 })
    ask({ maxWorkers: 1 })
    const takeBack = (await leases())[0]?.lend()
    expect(await leases()).toHaveLength(2)
    takeBack?.()
    ;(await leases())[1]?.release(true)
    ask({ maxWorkers: 1 })
    expect(await leases()).toHaveLength(2)
  })

  it("count a worker once that takes its lent place back twice, so that it can lend the place again", async () => {
    const { ask, leases } = setUp()
    ask({ maxWorkers: 1 })
    const lender = (await leases())[0]
    const takeBack = lender?.lend()
    takeBack?.()
    takeBack?.()
    ask({ maxWorkers: 1 })
    expect(await leases()).toHaveLength(1)
    lender?.lend()
    expect(await leases()).toHaveLength(2)
  })

  it("give no place to a worker that is stopped while it waits", async () => {
    const { ask, leases } = setUp()
    const stop = new AbortController()
    ask({ maxWorkers: 1 })
    ask({ maxWorkers: 1 }, stop.signal)
    stop.abort()
    ;(await leases())[0]?.release(true)
    expect(await leases()).toHaveLength(1)
  })
})

describe("a provider that says to slow down", () => {
  it("keeps half its workers, and the others give up their places", async () => {
    const { ask, leases } = setUp()
    for (let i = 0; i < 8; i++) ask()
    const at = await leases()
    expect(at.map((lease) => lease.throttled(2_000))).toEqual(Array(8).fill(true))
    for (const lease of at.slice(4)) lease.release(false)
    ask()
    expect(await leases()).toHaveLength(8)
    at[0]?.release(true)
    expect(await leases()).toHaveLength(9)
  })

  it("has its limit halved once per burst, again if that was not enough, and never below one", async () => {
    const { ask, leases, clock } = setUp()
    for (let i = 0; i < 8; i++) ask()
    const at = await leases()
    at[0]?.throttled(2_000)
    at[1]?.throttled(2_000)
    for (const lease of at.slice(4)) lease.release(false)
    clock.advance(10)
    // Four are left, which is the limit, but that is still too many.
    expect(at[0]?.throttled(3_000)).toBe(true)
    for (const lease of at.slice(2, 4)) lease.release(false)
    expect(at[0]?.throttled(3_000)).toBe(true)
    at[1]?.release(false)
    expect(at[0]?.throttled(3_000)).toBe(false)
    ask()
    expect(await leases()).toHaveLength(8)
  })

  it("allows one more worker after five good answers per place", async () => {
    const { ask, leases } = setUp()
    ask()
    ask()
    const [first, second] = await leases()
    first?.throttled(1_000)
    second?.release(false)
    first?.release(true)
    for (let i = 0; i < 5; i++) {
      ask()
      ask()
      const at = await leases()
      at.at(-1)?.release(true)
    }
    ask()
    ask()
    const before = (await leases()).length
    expect(before).toBeGreaterThan(7)
  })

  it("is not asked again before its time, nor by all returning workers at the same moment", async () => {
    const { ask, leases, clock } = setUp()
    ask()
    ask()
    const [first, second] = await leases()
    first?.throttled(5_000)
    first?.release(false)
    second?.release(false)
    ask({ isBack: true })
    clock.advance(4_400)
    expect(await leases()).toHaveLength(2)
    clock.advance(200)
    expect(await leases()).toHaveLength(3)
  })
})

describe("a provider that is out of reach", () => {
  const hold = { cause: "quota", detail: "out of quota", until: 9_000 } as const

  it("is asked again after the time that it named itself", async () => {
    const { pool, ask, leases, settled, clock } = setUp()
    pool.open("acme", hold)
    ask()
    expect(await settled()).toEqual([{ ok: false, hold }])
    clock.advance(8_000)
    ask()
    expect(await leases()).toHaveLength(1)
  })

  it("gives no place to any worker, waiting ones included, until a person resumes", async () => {
    const { pool, ask, settled, leases } = setUp()
    ask({ maxWorkers: 1 })
    ask({ maxWorkers: 1 })
    pool.open("acme", hold)
    ask()
    expect((await settled()).slice(1)).toEqual([
      { ok: false, hold },
      { ok: false, hold },
    ])
    ask({ provider: "other" })
    expect(await leases()).toHaveLength(2)
    pool.closeAll()
    ask()
    expect(await leases()).toHaveLength(3)
  })
})
