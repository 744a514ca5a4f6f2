import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/**
 * An npm registry on loopback that has one package of this repository, and redirects every other
 * request to the real registry.
 */
export interface Registry {
  readonly url: string
  /** Paths that were asked of it, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

export interface Published {
  readonly tarball: string
  /** The package.json inside it. */
  readonly manifest: { readonly name: string; readonly version: string }
}

/** Serves `published`; `upstream` is the registry for everything else. */
export async function startRegistry(published: Published, upstream: string): Promise<Registry> {
  const { manifest, tarball } = published
  const bytes = readFileSync(tarball)
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? "/"
    asked.push(path)
    if (path === `/${manifest.name}`) return void json(response, packument(url(), manifest, bytes))
    if (path.endsWith(".tgz") && path.includes(`/${manifest.name}/`)) return void response.end(bytes)
    response.writeHead(302, {
      location: new URL(path.slice(1), upstream.endsWith("/") ? upstream : `${upstream}/`).href,
    })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url(),
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function packument(url: string, manifest: Published["manifest"], bytes: Buffer): object {
  const { name, version } = manifest
  const dist = {
    tarball: `${url}/${name}/-/${name}-${version}.tgz`,
    integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
    shasum: createHash("sha1").update(bytes).digest("hex"),
  }
  return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } }
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify(value))
}
