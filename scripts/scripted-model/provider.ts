import type { Config } from "@opencode-ai/sdk/v2"

const LIMIT = { context: 200_000, output: 8_192 }
/** US dollars for a million tokens. */
const COST = { input: 1, output: 2 }

/**
 * The OpenCode config that offers the scripted model at `url` as `scripted/small` (the default),
 * `scripted/large`, and `scripted/unpriced`, whose price is unknown.
 */
export function providerConfig(url: string) {
  return {
    $schema: "https://opencode.ai/config.json",
    model: "scripted/small",
    small_model: "scripted/small",
    share: "disabled",
    autoupdate: false,
    provider: {
      scripted: {
        npm: "@ai-sdk/openai-compatible",
        name: "Scripted",
        options: { baseURL: url, apiKey: "none needed" },
        models: {
          small: { name: "Small", cost: COST, limit: LIMIT },
          large: { name: "Large", cost: COST, limit: LIMIT },
          unpriced: { name: "Unpriced", limit: LIMIT },
        },
      },
    },
  } satisfies Config
}
