import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** A server on loopback that says this version, as OpenCode does, and counts all other requests. */
export async function serveVersion(version: string) {
  const others: string[] = []
  const server = createServer((request, response) => {
    const isHealth = request.url?.startsWith("/global/health")
    if (!isHealth) others.push(`${request.method} ${request.url}`)
    response.writeHead(200, { "content-type": isHealth ? "application/json" : "text/html" })
    response.end(isHealth ? JSON.stringify({ healthy: true, version }) : "<html></html>")
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, "close")
  }
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, others, [Symbol.asyncDispose]: close }
}
