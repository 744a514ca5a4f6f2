import { RGBA } from "@opentui/core"
import { testRender } from "@opentui/solid"
import { Dashboard } from "../src/tui/dashboard/state.ts"
import { DashboardView } from "../src/tui/dashboard/view.tsx"
import { systemClock } from "../src/tui/host/clock.ts"
import { DEFAULT_KEYS } from "../src/tui/host/key-table.ts"
import { createLive } from "../src/tui/state/live.ts"
import { createPace } from "../src/tui/state/pace.ts"

const WHITE = RGBA.fromHex("#ffffff")
const BLACK = RGBA.fromHex("#000000")

/** The dashboard on a screen of 200 by 60 without a terminal. `drawn` counts its redraws so far. */
export async function openDashboardScreen() {
  const pace = createPace(systemClock)
  const live = createLive(systemClock, pace)
  const ask = () => Promise.resolve({ tone: "error", title: "", text: "" } as const)
  const dashboard = new Dashboard({ live, pace, clock: systemClock, keys: DEFAULT_KEYS, ask })
  let drawn = 0
  const counting = new Proxy(dashboard, {
    get(target, name) {
      if (name === "frame") drawn++
      const value = Reflect.get(target, name, target)
      return typeof value === "function" ? value.bind(target) : value
    },
  })
  const view = () => (
    <DashboardView
      api={{ mode: { current: () => "base", push: () => () => undefined } }}
      dashboard={counting}
      live={live}
      paint={() => WHITE}
      ground={() => BLACK}
      session={() => undefined}
    />
  )
  const screen = await testRender(view, { width: 200, height: 60 })
  return {
    live,
    dashboard,
    drawn: () => drawn,
    render: () => screen.renderOnce(),
    destroy() {
      dashboard.hide()
      pace.close()
      live.close()
      screen.renderer.destroy()
    },
  }
}
