/** Who wrote a stack. */
export type Runtime = "v8" | "jvm" | "python" | "go" | "dotnet" | "ruby" | "rust" | "php";

/** One place of a stack, without line and column: builds move those. */
export interface Frame {
  /** Package or class, "" where the runtime gives none. */
  readonly module: string;
  /** Path of the source, "" where the runtime gives none. */
  readonly file: string;
  readonly function: string;
}

export interface Frames {
  readonly runtime: Runtime;
  /** Nearest the throw first. */
  readonly frames: readonly Frame[];
}

/** What of a stack is read. */
export const stackLimits = { lines: 256, chars: 65_536, lineChars: 1024 } as const;

type Reader = (line: string, next: string) => Frame | null;

const frame = (module: string, file: string, name: string): Frame => ({ module, file, function: name });

const v8 =
  /^\s{1,16}at (?:async )?(?:(?:new )?([^()\s]{1,300}(?: \[as [^\]]{1,80}\])?) )?\(?((?:node:|file:|webpack|https?:|\/|[A-Za-z]:\\|\.|<anonymous>|native)[^()]{0,500}?)(?::\d{1,9}){0,2}\)?$/;
const jvm =
  /^\s{0,16}at (?:[\w.@-]{1,120}\/\/?){0,2}([\w$.]{1,300})\.([\w$<>-]{1,200})\(((?:[\w$-]{1,120}\.(?:java|kt|kts|scala|groovy|clj)|SourceFile|Native Method|Unknown Source)(?::\d{1,7})?)\)/;
const dotnet =
  /^\s{1,16}at ([\w.`+<>[\],|$-]{1,300})\.([\w`<>[\],|$-]{1,200}|\.c?ctor)\([^)]{0,500}\)(?: in ([^:]{1,300}(?::\\[^:]{1,300})?):line \d{1,7})?/;
const python = /^\s{1,16}File "([^"]{1,500})", line \d{1,7}(?:, in (.{1,200}))?$/;
const goName = /^[\w./~%-]{1,300}(?:\(\*?[\w[\]./]{1,120}\)\.)?[\w.[\]·-]{0,200}$/;
const goFile = /^\s{1,16}(\S{1,400}\.(?:go|s)):\d{1,7}/;
const ruby =
  /^\s{0,16}(?:from |\d{1,3}: from )?([^:\s]{1,400}\.(?:rb|erb|rake|ru)|<internal:[\w-]{1,80}>):\d{1,7}:in [`']([^'`]{1,200})'/;
const rustCall = /^\s{0,8}\d{1,4}:\s{1,4}(?:0x[0-9a-f]{1,16} - )?([\w<][^\n]{1,400})$/;
const rustFile = /^\s{4,32}at (\S{1,400}\.rs)(?::\d{1,7}){0,2}/;
const php =
  /^#\d{1,4} (?:(\/?[^(\s]{1,400})\(\d{1,7}\)|\[internal function\]|\{main\})(?:: ([\w\\{}]{1,200}(?:->|::)?[\w{}]{0,120})\()?/;

/** What a line of Go calls: `net/http.(*Server).Serve` of `net/http.(*Server).Serve(0xc0, …)`; null for another line. */
function goCall(line: string): string | null {
  const receiver = line.indexOf(".(");
  const open = line.indexOf("(", receiver < 0 ? 0 : line.indexOf(")", receiver));
  if (open < 0 || line.indexOf(")", open) !== line.length - 1) return null;
  const name = line.slice(0, open);
  return name.includes(".") && goName.test(name) ? name : null;
}

const readers: Readonly<Record<Runtime, Reader>> = {
  jvm: (line) => {
    const match = jvm.exec(line);
    return match === null ? null : frame(match[1] ?? "", match[3] ?? "", match[2] ?? "");
  },
  v8: (line) => {
    const match = v8.exec(line);
    return match === null ? null : frame("", match[2] ?? "", match[1] ?? "<anonymous>");
  },
  dotnet: (line) => {
    const match = dotnet.exec(line);
    return match === null ? null : frame(match[1] ?? "", match[3] ?? "", match[2] ?? "");
  },
  python: (line) => {
    const match = python.exec(line);
    return match === null ? null : frame("", match[1] ?? "", match[2] ?? "<module>");
  },
  go: (line, next) => {
    const file = goFile.exec(next);
    const path = file === null ? null : goCall(line.replace(/ in goroutine \d+$/, ""));
    if (path === null || file === null) return null;
    const cut = path.indexOf(".", path.lastIndexOf("/") + 1);
    return frame(path.slice(0, cut), file[1] ?? "", path.slice(cut + 1));
  },
  ruby: (line) => {
    const match = ruby.exec(line);
    return match === null ? null : frame("", match[1] ?? "", match[2] ?? "");
  },
  rust: (line, next) => {
    const match = rustCall.exec(line);
    return match === null ? null : frame("", rustFile.exec(next)?.[1] ?? "", match[1] ?? "");
  },
  php: (line) => {
    const match = php.exec(line);
    return match === null || match[2] === undefined ? null : frame("", match[1] ?? "", match[2]);
  },
};

const order: readonly Runtime[] = ["jvm", "v8", "python", "dotnet", "php", "ruby", "go", "rust"];

/** The frames of a text, by the runtime that the first of them belongs to; null where there is none. */
export function parseFrames(text: string): Frames | null {
  const lines = text
    .slice(0, stackLimits.chars)
    .split("\n", stackLimits.lines)
    .map((line) => (line.length > stackLimits.lineChars ? "" : line.replace(/\r$/, "")));
  for (const [at, line] of lines.entries()) {
    const runtime = order.find((name) => readers[name](line, lines[at + 1] ?? "") !== null);
    if (runtime === undefined) continue;
    const found = lines.slice(at).map((each, place) => readers[runtime](each, lines[at + place + 1] ?? ""));
    const frames = found.filter((each) => each !== null);
    return { runtime, frames: runtime === "python" ? frames.reverse() : frames };
  }
  return null;
}
