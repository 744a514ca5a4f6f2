// A small MCP server over stdio whose only tool, `write_file`, writes a file. It is a way to write
// without OpenCode's own tools.
import { writeFileSync } from "node:fs"
import { createInterface } from "node:readline"

const tool = {
  name: "write_file",
  description: "Writes a text file",
  inputSchema: {
    type: "object",
    properties: { path: { type: "string" }, text: { type: "string" } },
    required: ["path", "text"],
  },
}
const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "writer", version: "1.0.0" },
  }),
  "tools/list": () => ({ tools: [tool] }),
  "tools/call"({ arguments: given }) {
    writeFileSync(given.path, given.text)
    return { content: [{ type: "text", text: "written" }] }
  },
  ping: () => ({}),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) continue
  const answer = answers[method]
  const reply = answer ? { result: answer(params) } : { error: { code: -32601, message: `no method ${method}` } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...reply })}\n`)
}
