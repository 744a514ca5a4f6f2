import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { protectionOf } from "../../src/checks/protect.ts"

/** Which files of a project a command line names, whatever runs them. */

let base: string
let root: string
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "baton-protect-"))
  root = join(base, "a project")
  const scripts = {
    test: "npm run check && ./scripts/all.sh",
    check: "tsx scripts/check.ts",
    pretest: "node scripts/pre",
    dev: "node dev.js",
    loop: "npm run loop",
  }
  const files = {
    "test.sh": "",
    "test.ts": "",
    "my tests/all tests.sh": "",
    "app/test.sh": "",
    "app/sub/test.sh": "",
    "app/package.json": JSON.stringify({ scripts: { test: "sh unit.sh" } }),
    "app/unit.sh": "",
    "package.json": JSON.stringify({ scripts }),
    "scripts/all.sh": "",
    "scripts/check.ts": "",
    "scripts/pre.mjs": "",
    "scripts/setup.mjs": "",
    "dev.js": "",
    Makefile: "",
    "ci.mk": "",
    "tests/test_a.py": "",
    "tests/run.py": "",
    "src/main.ts": "",
    "vitest.ci.ts": "",
    "notes.md": "",
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
})
afterAll(() => rmSync(base, { recursive: true, force: true }))

const filesOf = (line: string) =>
  protectionOf(root, line)
    .files.filter(({ isMissing }) => !isMissing)
    .map(({ path }) => path)

describe("a command line names the test it runs", () => {
  it.each([
    "./test.sh",
    "sh test.sh",
    "timeout 60 ./test.sh",
    "bash -euo pipefail ./test.sh",
    "/bin/bash ./test.sh",
    "env CI=1 ./test.sh",
    '"$PWD"/test.sh',
    "$PWD/test.sh",
    "${PWD}/test.sh",
    "$(pwd)/test.sh",
    "`pwd`/test.sh",
    "$(git rev-parse --show-toplevel)/test.sh",
    "~+/test.sh",
    "CI=1 NODE_ENV=test sh -e test.sh --all",
    "true; 'test.sh' || ./'test.sh'",
    "./te's't.sh",
    './te"st".sh',
    "./te\\st.sh",
    "sh -c './test.sh --quick'",
    'bash -lc "cd . && ./test.sh"',
    "env -S './test.sh x'",
    "nice -n 5 ./test.sh",
    "time -p ./test.sh",
    "nohup ./test.sh&",
    "(./test.sh)",
    "{ ./test.sh; }",
    "! ./test.sh",
    "if ./test.sh; then true; fi",
    "true&&./test.sh",
    "sh<test.sh",
    "cat test.sh | sh",
    ". ./test.sh",
    "source test.sh",
    "eval ./test.sh",
    "exec ./test.sh",
    "xargs -a test.sh sh",
    "T=./test.sh; $T",
    "sh -x -- test.sh",
    "sh ./app/../test.sh",
    "sh ././test.sh",
    "sh te?t.sh",
    "sh t[aeiou]st.sh",
    "sh {test,nothing}.sh",
    "ssh localhost sh /work/test.sh",
    "docker run -v $PWD:/work image /work/test.sh",
    "sudo -u nobody ./test.sh",
    "python -c \"import os; os.system('./test.sh')\"",
    "node -e \"require('child_process').execSync('./test.sh')\"",
    "curl -d @test.sh localhost",
    "make SHELL=./test.sh",
    "watch --exec ./test.sh",
    "true\n./test.sh",
    "true \\\n  ./test.sh",
  ])("%s", (line) => {
    expect(filesOf(line)).toContain("test.sh")
  })

  it("also by its absolute path", () => {
    expect(filesOf(`sh "${root}/test.sh"`)).toContain("test.sh")
    expect(filesOf(`node --import "file://${root}/scripts/setup.mjs" x`)).toContain("scripts/setup.mjs")
  })

  it.each([
    ["cd app && ./test.sh", "app/test.sh"],
    ["cd app/sub; sh test.sh", "app/sub/test.sh"],
    ["cd app && cd sub && ./test.sh", "app/sub/test.sh"],
    ["(cd ./app/ && ./test.sh)", "app/test.sh"],
    ["pushd app; ./test.sh", "app/test.sh"],
    ["env -C app ./test.sh", "app/test.sh"],
    ["make -C app -f ../ci.mk", "ci.mk"],
    ["make -fci.mk", "ci.mk"],
    ["node --import tsx test.ts", "test.ts"],
    ["node --import=tsx ./test.ts", "test.ts"],
    ["node --import ./scripts/setup.mjs --test", "scripts/setup.mjs"],
    ["node -r ./scripts/setup --test", "scripts/setup.mjs"],
    ["node ./scripts/pre", "scripts/pre.mjs"],
    ["npx tsx --test test.ts", "test.ts"],
    ["npx vitest run --config vitest.ci.ts", "vitest.ci.ts"],
    ["npx vitest run --config=vitest.ci.ts", "vitest.ci.ts"],
    ["pytest -x tests/test_a.py::TestA::test_b", "tests/test_a.py"],
    ["python -m tests.run", "tests/run.py"],
    ["python -m unittest tests.test_a.TestA.test_b", "tests/test_a.py"],
    ["make test", "Makefile"],
    ['sh "my tests/all tests.sh"', "my tests/all tests.sh"],
    ["sh my\\ tests/all\\ tests.sh", "my tests/all tests.sh"],
    ["sh 'my tests'/'all tests.sh'", "my tests/all tests.sh"],
    ["grep -q done notes.md", "notes.md"],
  ])("%s: %s", (line, file) => {
    expect(filesOf(line)).toContain(file)
  })

  it.each([
    ...["npm test", "npm t", "npm run test -- --all", "pnpm test", "yarn test", "bun run test"],
    "CI=1 npm --silent test",
  ])("%s: the package file, and what its scripts name", (line) => {
    const { files } = protectionOf(root, line)
    const scripts = ["check", "postcheck", "posttest", "precheck", "pretest", "test"]
    expect(files.find(({ path }) => path === "package.json")).toEqual({ path: "package.json", scripts })
    expect(filesOf(line)).toEqual(expect.arrayContaining(["scripts/all.sh", "scripts/check.ts", "scripts/pre.mjs"]))
    expect(filesOf(line)).not.toContain("dev.js")
  })

  it("npm --prefix app test: the package file of that folder", () => {
    expect(filesOf("npm --prefix app test")).toEqual(expect.arrayContaining(["app/package.json", "app/unit.sh"]))
    expect(filesOf("cd app && npm test")).toEqual(expect.arrayContaining(["app/package.json", "app/unit.sh"]))
  })

  it("a script that calls itself is followed once", () => {
    expect(filesOf("npm run loop")).toEqual(["package.json"])
  })
})

it("files that would be used if they appeared are watched where the program is used", () => {
  const missing = (line: string) =>
    protectionOf(root, line)
      .files.filter(({ isMissing }) => isMissing)
      .map(({ path }) => path)
  expect(missing("make test")).toEqual(["GNUmakefile", "makefile"])
  expect(missing("npm run dev")).toEqual([".npmrc"])
  expect(missing("./test.sh")).toEqual([])
})

it("a folder or a pattern with `*` protects nothing by itself, and is named", () => {
  expect(protectionOf(root, "eslint src 'src/**/*.ts' && pytest tests")).toEqual({
    files: [],
    open: expect.arrayContaining(["src/", "tests/", "src/**/*.ts"]),
  })
})

it("nothing outside the project is named, and a long or strange line takes no time", () => {
  writeFileSync(join(base, "outside.sh"), "")
  expect(filesOf("sh ../outside.sh")).toEqual([])
  expect(filesOf(`sh ${join(base, "outside.sh")}`)).toEqual([])
  const at = Date.now()
  for (const line of [
    "a/".repeat(50_000),
    "{a,b}".repeat(5_000),
    '"'.repeat(50_000),
    "$(".repeat(50_000),
    "\\".repeat(50_001),
  ])
    expect(filesOf(line)).toEqual([])
  expect(Date.now() - at).toBeLessThan(2_000)
})
