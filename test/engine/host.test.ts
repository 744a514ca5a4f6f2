import { describe } from "vitest"
import { hostContract } from "../contract/host.ts"
import { openProcessHost } from "../support/process-host.ts"

/** The engine over the journal, in a process of its own that is killed with SIGKILL. */
describe("the embedded host", () => hostContract((model) => openProcessHost(model), { main: 12, chains: 12, par: 8 }))
