import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"

/**
 * The part of HTTP/1.1 that is needed to misbehave on purpose: one request per connection, with
 * control over every byte of the response. It is written on sockets, because Bun's `node:http` does
 * not report when a client disconnects, and its `Bun.serve` cannot break a connection in the middle
 * of a body.
 */
export class Exchange {
  readonly method: string
  readonly path: string
  readonly body: string
  /** Aborted when the connection is closed by either side. */
  readonly closed: AbortSignal
  readonly #socket: Socket
  #over = false

  constructor(socket: Socket, closed: AbortSignal, method: string, path: string, body: string) {
    this.#socket = socket
    this.closed = closed
    this.method = method
    this.path = path
    this.body = body
  }

  /** True once this side has ended the response, properly or by breaking the connection. */
  get over(): boolean {
    return this.#over
  }

  /** Sends the status line and the headers. The body follows in pieces. */
  head(status: number, headers: Readonly<Record<string, string>>): void {
    const lines = Object.entries({ ...headers, "transfer-encoding": "chunked", connection: "close" })
    this.#socket.write(
      `HTTP/1.1 ${status} Scripted\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
    )
  }

  /** Sends a piece of the body. */
  write(piece: string): void {
    if (piece) this.#socket.write(`${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`)
  }

  /** Ends the body and the connection properly. */
  end(): void {
    this.#over = true
    this.#socket.end("0\r\n\r\n")
  }

  /** Sends what was written so far, then breaks the connection. */
  drop(): void {
    this.#over = true
    this.#socket.write("", () => this.#socket.destroy())
  }
}

export interface HttpServer {
  readonly port: number
  /** Stops listening and breaks every connection. */
  close(): Promise<void>
}

/**
 * Listens on a free port of 127.0.0.1, and calls `handle` with each request once its body is
 * complete.
 */
export async function listen(handle: (exchange: Exchange) => void): Promise<HttpServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
    receive(socket, handle)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function receive(socket: Socket, handle: (exchange: Exchange) => void): void {
  const closed = new AbortController()
  let received = Buffer.alloc(0)
  const onData = (data: Buffer) => {
    received = Buffer.concat([received, data])
    const headEnd = received.indexOf("\r\n\r\n")
    if (headEnd < 0) return
    const [requestLine = "", ...headers] = received.toString("latin1", 0, headEnd).split("\r\n")
    const length = headers.map((line) => /^content-length:\s*(\d+)/i.exec(line)?.[1]).find(Boolean)
    const body = received.subarray(headEnd + 4)
    if (body.length < Number(length ?? 0)) return
    socket.off("data", onData)
    socket.resume() // a paused socket would not notice that the client disconnects
    const [method = "", path = ""] = requestLine.split(" ")
    handle(new Exchange(socket, closed.signal, method, path, body.toString("utf8")))
  }
  socket.on("data", onData)
  socket.once("error", (error) => closed.abort(error)) // a reset, which `close` follows
  socket.once("close", () => closed.abort())
}
