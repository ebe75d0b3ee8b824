import type { Frame, Runtime } from "./parse-frames.ts";

const foreignPath =
  /node_modules|^node:|^native$|site-packages|dist-packages|^\/usr\/(?:local\/)?lib|^\/lib\/|\/go\/pkg\/mod\/|\/usr\/local\/go\/src\/|\/goroot\/|\.cargo\/registry|^\/rustc\/|<frozen |\/gems\/|^<internal:|\/vendor\/|lib\/python\d/;
const foreignModule =
  /^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|org\.springframework|org\.apache|org\.hibernate|io\.netty|reactor|io\.opentelemetry|io\.micrometer|com\.fasterxml|com\.zaxxer|okhttp3|System|Microsoft|runtime|net\/http|net|reflect|sync|testing|encoding\/json|database\/sql)(?:[./]|$)/;
const rustForeign =
  /^(?:<?(?:std|core|alloc|tokio|backtrace|rust_begin_unwind|__rust|main$|_start|start_thread|clone)\b|rust_begin_unwind|__libc)/;
/** Machinery that stands in every stack: agents, schedulers, panics. */
const machinery =
  /runMicrotasks|processTicksAndRejections|newrelic|dd-trace|opentelemetry|gopanic|panicmem|sigpanic|goexit|runtime\.main|debug\.Stack|rust_begin_unwind|begin_panic|panic_fmt|core::panicking|std::panicking|rust_panic|unwrap_failed|expect_failed|std::rt|__rust_begin_short_backtrace|ExceptionDispatchInfo|TaskAwaiter|ThrowForNonSuccess|NativeMethodAccessor|GeneratedMethodAccessor|DelegatingMethodAccessor/;

/** What builds and runs put into names, and what takes its place. */
const nameNoise: readonly (readonly [RegExp, string])[] = [
  [/\$\$Lambda[$/][\w/$]{0,60}(?:@[0-9a-f]+)?/g, "$$lambda"],
  [/lambda\$(\w{1,80})\$\d+/g, "lambda$$$1"],
  [/\$Proxy\d+/g, "$$Proxy"],
  [/GeneratedMethodAccessor\d+|GeneratedConstructorAccessor\d+/g, "GeneratedAccessor"],
  [/\$\$(?:Enhancer|FastClass)By\w+\$\$\w+/g, ""],
  [/_\$\$_\w+|\$\$SpringCGLIB\$\$\d+/g, ""],
  [/\$fn__\d+/g, "$$fn"],
  [/__\d+(?:_\d+)+/g, ""],
  [/<>c__DisplayClass\d+_\d+|<>c\b/g, "<closure>"],
  [/<(\w{1,80})>[bdg]__\w+(?:\|\d+_\d+)?/g, "<$1>"],
  [/::h[0-9a-f]{16}\b/g, ""],
  [/\{\{closure\}\}(?:#\d+)?/g, "{closure}"],
  [/\.func\d+(?:\.\d+)*/g, ".func"],
  [/\.gowrap\d+/g, ""],
  [/`\d+/g, ""],
  [/ \[as [^\]]{1,80}\]/g, ""],
  [/^(?:block(?: \(\d+ levels\))?|rescue|ensure) in /g, ""],
  [/\$\d+/g, ""],
];

/** The hash of a bundle is at most so long, with the sign before it. */
const hashChars = 41;

/** A name without the hash right before its ending, which begins at `stop`. */
function withoutHash(name: string, stop: number): string {
  const from = Math.max(0, stop - hashChars);
  const tail = name.slice(from, stop).replace(/[.-](?=[\w-]{0,40}\d)[a-z0-9_-]{6,40}$/, "");
  return name.slice(0, from) + tail + name.slice(stop);
}

/** The base name of a source without the hashes and versions that bundlers and builds write. */
export function sourceName(path: string): string {
  const query = path.search(/[?#]/);
  const plain = (query < 0 ? path : path.slice(0, query)).replace(/(?::\d{1,9}){1,2}$/, "");
  const name = plain.slice(Math.max(plain.lastIndexOf("/"), plain.lastIndexOf("\\")) + 1).toLowerCase();
  const ending = /\.(?:m|c)?[jt]sx?$/.exec(name);
  return (ending === null ? name : withoutHash(name, ending.index)).replace(/[.-]v?\d+(?:\.\d+)+/g, "");
}

function functionName(name: string): string {
  let plain = name;
  for (const [noise, by] of nameNoise) plain = plain.replace(noise, by);
  return /^(?:<anonymous>|eval|anonymous)$/.test(plain) ? "" : plain;
}

/** True for machinery, which says nothing about a failure. */
export function isMachinery({ module, file, function: name }: Frame): boolean {
  return machinery.test(`${module}.${name}`) || machinery.test(file);
}

/** True for code of the service itself, as against runtimes and libraries. */
export function isInApp(runtime: Runtime, { module, file, function: name }: Frame): boolean {
  if (foreignPath.test(file) || foreignModule.test(module)) return false;
  return runtime !== "rust" || !rustForeign.test(name);
}

/** What of a frame stays the same from build to build: module, or the name of the source, and function. */
export function frameKey({ module, file, function: name }: Frame): string {
  const place = module === "" ? sourceName(file) : functionName(module);
  return `${place} ${functionName(name)}`;
}
