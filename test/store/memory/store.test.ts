import { describe } from "vitest"
import { createMemoryStore } from "../../../src/store/memory/store.ts"
import { storeContract } from "../../contract/store.ts"

describe("memory store", () => storeContract(createMemoryStore))
