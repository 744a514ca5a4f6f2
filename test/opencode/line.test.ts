import { describe, expect, it } from "vitest"
import { parseLine } from "../../src/opencode/line.ts"

describe("parsing /workflow run", () => {
  const run = (line: string) => {
    const parsed = parseLine(line)
    return parsed.command === "run" ? [parsed.workflow, parsed.inputs, parsed.task] : parsed
  }
  it.each<[string, unknown]>([
    ["/workflow run demo", ["demo", {}, ""]],
    ["/workflow run demo topic=tides", ["demo", { topic: "tides" }, ""]],
    ['/workflow run demo topic="how tides work" tone=dry', ["demo", { topic: "how tides work", tone: "dry" }, ""]],
    ["/workflow run demo topic='it is'", ["demo", { topic: "it is" }, ""]],
    ['/workflow run demo topic="a \\"b\\" c"', ["demo", { topic: 'a "b" c' }, ""]],
    ["/workflow run demo topic=", ["demo", { topic: "" }, ""]],
    ["/workflow run demo query=a=b", ["demo", { query: "a=b" }, ""]],
    ["/workflow run demo fix the login page", ["demo", {}, "fix the login page"]],
    ['/workflow run demo "fix the login page"', ["demo", {}, "fix the login page"]],
    ["/workflow run demo size=big fix x=1, please", ["demo", { size: "big" }, "fix x=1, please"]],
    ['/workflow run demo say "hi"  twice', ["demo", {}, 'say "hi"  twice']],
    ["/workflow  run   demo", ["demo", {}, ""]],
    ['/workflow run demo topic="never closed', ["demo", { topic: "never closed" }, ""]],
    ["/workflow run ./x.yaml", ["./x.yaml", {}, ""]],
    ["/workflow run demo don't break it", ["demo", {}, "don't break it"]],
    ["/workflow run demo topic=tides don't", ["demo", { topic: "tides" }, "don't"]],
  ])("%s", (line, expected) => {
    expect(run(line)).toEqual(expected)
  })
})

describe("parsing the models of a run", () => {
  const pair = { planner: "a/big", docs: "a/small" }
  it.each<[string, object]>([
    [
      "/workflow run demo --model planner=a/big topic=tides -m docs=a/small fix it",
      { command: "run", workflow: "demo", inputs: { topic: "tides" }, models: pair, task: "fix it" },
    ],
    [
      "/workflow plan demo --model planner=a/big",
      { command: "plan", workflow: "demo", inputs: {}, models: { planner: "a/big" }, task: "" },
    ],
    ["/workflow run demo --model", { command: "wrong", why: expect.stringContaining("--model NAME=PROVIDER/MODEL") }],
    ["/workflow run demo --model big fix it", { command: "wrong" }],
    ["/workflow run demo say --model x", { command: "run", inputs: {}, models: {}, task: "say --model x" }],
  ])("%s", (line, expected) => {
    expect(parseLine(line)).toMatchObject(expected)
  })
})

describe("parsing the other commands", () => {
  it.each<[string, object]>([
    ["/workflow", { command: "pick", purpose: "run" }],
    ["/workflow run", { command: "pick", purpose: "run" }],
    ["/workflow plan", { command: "pick", purpose: "plan" }],
    ["/workflow graph", { command: "pick", purpose: "graph" }],
    ["/workflow list", { command: "list" }],
    ["/workflow help", { command: "help" }],
    ["/workflow status", { command: "status" }],
    ["/workflow status r1", { command: "status", run: "r1" }],
    ["/workflow abort", { command: "abort" }],
    ["/workflow resume r1", { command: "resume", run: "r1", isEdited: false }],
    ["/workflow resume", { command: "resume", isEdited: false }],
    ["/workflow resume r1 --edited", { command: "resume", run: "r1", isEdited: true }],
    ["/workflow resume --edited r1", { command: "resume", run: "r1", isEdited: true }],
    ["/workflow resume --edited", { command: "resume", isEdited: true }],
    [
      "/workflow resume r1 --editd",
      {
        command: "wrong",
        why: "`--editd` is neither a run nor --edited: `/workflow resume [RUN] [--edited]`",
      },
    ],
    ["/workflow pause", { command: "pause" }],
    ["/workflow continue", { command: "continue", message: "" }],
    ["/workflow continue approve yes, do", { command: "continue", target: "approve", message: "yes, do" }],
    ["/workflow retry review", { command: "retry", step: "review", message: "" }],
    [
      '/workflow retry r1/review say "why"  twice',
      { command: "retry", step: "r1/review", message: 'say "why"  twice' },
    ],
    ["/workflow retry review don't do that", { command: "retry", step: "review", message: "don't do that" }],
    ["/workflow retry review don't say it won't", { command: "retry", step: "review", message: "don't say it won't" }],
    [
      '/workflow retry review "quoted, \\"as a whole\\""',
      { command: "retry", step: "review", message: 'quoted, "as a whole"' },
    ],
    ["/workflow retry review 'why'?", { command: "retry", step: "review", message: "'why'?" }],
    ['/workflow retry review say:"never closed', { command: "retry", step: "review", message: 'say:"never closed' }],
    ["/workers ask ui what's up?", { command: "ask", worker: "ui", text: "what's up?" }],
    ["/workers ask ui C:\\new", { command: "ask", worker: "ui", text: "C:\\new" }],
    ["/handback it's done", { command: "handback", text: "it's done", worker: "its done", rest: "" }],
    ["/workflow skip review", { command: "skip", step: "review", message: "" }],
    [
      "/workflow raise usd=$2.50 tokens=2M r1",
      { command: "raise", budget: { usd: 2.5, tokens: 2_000_000 }, run: "r1" },
    ],
    ["/workflow status", { command: "status" }],
    ["/workflow status r1 limit=100", { command: "status", run: "r1", limit: 100 }],
    ["/workflow raise time=90m workers=40", { command: "raise", budget: { timeMs: 5_400_000, workers: 40 } }],
    ["/workflow raise r1 tokens=500k", { command: "raise", budget: { tokens: 500_000 }, run: "r1" }],
    ["/workflow runn demo", { command: "wrong", why: "there is no `/workflow runn`" }],
    ["/workflow report", { command: "report" }],
    ["/workflow report r1 out=docs/r.html", { command: "report", run: "r1", out: "docs/r.html" }],
    ["/workflow report a b", { command: "wrong", why: "write `/workflow report [RUN] [out=FILE.html]`" }],
    ["/workflow graph demo", { command: "graph", workflow: "demo", format: "ascii" }],
    ["/workflow graph demo mermaid", { command: "graph", workflow: "demo", format: "mermaid" }],
    [
      "/workflow graph demo dot",
      { command: "wrong", why: "`dot` is not a format: `/workflow graph demo ascii`, or `mermaid`" },
    ],
    ["/trace draft", { command: "trace", step: "draft" }],
    ["/trace", { command: "wrong", why: "say which step: `/trace STEP`" }],
  ])("%s", (line, expected) => {
    expect(parseLine(line)).toEqual(expected)
  })
})

describe("a word that a command would ignore is refused with its form", () => {
  it.each<[string, string]>([
    ["/workflow list all", "`all` is one word too many: `/workflow list`"],
    ["/workflow help run", "`run` is one word too many: `/workflow help`"],
    ["/workflow status r1 review", "`review` is one word too many: `/workflow status [RUN]`"],
    ["/workflow abort r1 now", "`now` is one word too many: `/workflow abort [RUN]`"],
    ["/workflow pause r1 r2", "`r2` is one word too many: `/workflow pause [RUN]`"],
    ["/workflow show r1 a b", "`b` is one word too many: `/workflow show RUN STEP`"],
    ["/trace a b", "`b` is one word too many: `/trace STEP`"],
    ["/workflow run demo x=1 x=2", "`x` is given twice: keep one of the two"],
    ["/workflow plan demo -m a=p/x --model a=p/y", "`a` is given twice: keep one of the two"],
    ["/workflow raise usd=1 usd=2", "`usd` is given twice: keep one of the two"],
    ["/workflow raise time=1h r1 time=2h", "`time` is given twice: keep one of the two"],
    ["/workflow report out=a.html out=b.html", "`out` is given twice: keep one of the two"],
    ["/workers list x", "`x` is one word too many: `/workers list`"],
    ["/workers spawn docs d please", "`please` is one word too many: `/workers spawn PROFILE [NAME]`"],
    ["/workers stop docs now", "`now` is one word too many: `/workers stop NAME`"],
    ["/inbox list x", "`x` is one word too many: `/inbox list`"],
    ["/inbox allow p1 but only once", "`allow` takes no words: `/inbox allow p1`, or `/inbox deny p1 words`"],
    ["/inbox always p1 x", "`always` takes no words: `/inbox always p1`, or `/inbox deny p1 words`"],
  ])("%s", (line, why) => {
    expect(parseLine(line)).toEqual({ command: "wrong", why })
  })
})
