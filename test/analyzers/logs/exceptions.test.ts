import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { frameKey, isInApp, sourceName } from "#analyzers/logs/exceptions/frame-key.ts";
import { parseFrames } from "#analyzers/logs/exceptions/parse-frames.ts";
import { isVariant, readException, readTypes } from "#analyzers/logs/exceptions/read-exception.ts";

const read = (text: string) => readException(text, null)!;

/** Each runtime: a stack, and the same failure as another build and request print it. */
const stacks = {
  v8: [
    "TypeError: Cannot read properties of undefined (reading 'id')\n    at getOrder (/app/dist/orders.4185d9aade26cd3a6285.js:31:22)\n    at async Cart.total (/app/dist/cart.js:9:3)\n    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
    "TypeError: Cannot read properties of undefined (reading 'sku')\n    at getOrder (/srv/1.2.3/dist/orders.99d9aade26cd3a62ffff.js:40:2)\n    at async Cart.total (/srv/1.2.3/dist/cart.js:19:13)\n    at Layer.handle (/srv/node_modules/express/lib/router/layer.js:98:5)",
  ],
  jvm: [
    "java.lang.IllegalStateException: cart 7\n\tat com.acme.Cart.lambda$total$3(Cart.java:88)\n\tat com.acme.Cart$$EnhancerBySpringCGLIB$$ab12.total(<generated>)\n\tat java.base/java.lang.Thread.run(Thread.java:833)\nCaused by: java.io.IOException: gone\n\t... 3 more",
    "java.lang.IllegalStateException: cart 9\n\tat com.acme.Cart.lambda$total$5(Cart.java:91)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: java.io.IOException: reset\n\t... 7 more",
  ],
  python: [
    'Traceback (most recent call last):\n  File "/usr/lib/python3.11/asyncio/run.py", line 1, in run\n    x\n  File "/app/cart.py", line 41, in total\n    y\nKeyError: \'sum\'',
    'Traceback (most recent call last):\n  File "/usr/lib/python3.12/asyncio/run.py", line 5, in run\n    x\n  File "/srv/cart.py", line 44, in total\n    z\nKeyError: \'all\'',
  ],
  go: [
    "panic: assignment to entry in nil map\n\ngoroutine 18 [running]:\nruntime.gopanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:838 +0x207\ngithub.com/acme/shop/cart.(*Cart).Total.func1(0xc000010000)\n\t/src/cart.go:44 +0x1d\nmain.main()\n\t/src/main.go:9 +0x2",
    "panic: assignment to entry in nil map\n\ngoroutine 7 [running]:\ngithub.com/acme/shop/cart.(*Cart).Total.func2(0xc000010001)\n\t/build/cart.go:48 +0x2d\nmain.main()\n\t/build/main.go:12 +0x3",
  ],
  dotnet: [
    "System.InvalidOperationException: no cart 7\n   at Acme.Cart.<Total>b__3_0(Order o) in /src/Cart.cs:line 41\n   at System.Linq.Enumerable.First[TSource](IEnumerable`1 source)\n   at Acme.Program.Main(String[] args) in /src/Program.cs:line 7",
    "System.InvalidOperationException: no cart 9\n   at Acme.Cart.<Total>b__5_1(Order o) in /build/Cart.cs:line 44\n   at Acme.Program.Main(String[] args) in /build/Program.cs:line 8",
  ],
  ruby: [
    "app/cart.rb:12:in `block in total': undefined method `id' for nil:NilClass (NoMethodError)\n\tfrom app/cart.rb:10:in `each'\n\tfrom /usr/lib/ruby/gems/3.2.0/gems/rack-3.0/lib/rack.rb:5:in `call'",
    "app/cart.rb:15:in `total': undefined method `name' for nil:NilClass (NoMethodError)\n\tfrom app/cart.rb:11:in `each'\n\tfrom /usr/lib/ruby/gems/3.3.0/gems/rack-3.1/lib/rack.rb:9:in `call'",
  ],
  rust: [
    "thread 'main' panicked at src/cart.rs:12:9:\nindex out of bounds\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/abc/library/std/src/panicking.rs:645:5\n   1: shop::cart::total::h0123456789abcdef\n             at ./src/cart.rs:12:9\n   2: core::ops::function::FnOnce::call_once\n             at /rustc/abc/library/core/src/ops/function.rs:250:5",
    "thread 'worker-2' panicked at src/cart.rs:14:9:\nindex out of bounds\nstack backtrace:\n   0: shop::cart::total::hfedcba9876543210\n             at ./src/cart.rs:14:9",
  ],
  php: [
    "PHP Fatal error:  Uncaught RuntimeException: no cart 7 in /var/www/cart.php:3\nStack trace:\n#0 /var/www/cart.php(3): Cart->total()\n#1 /var/www/vendor/slim/app.php(9): Slim\\App->run()\n#2 {main}",
    "PHP Fatal error:  Uncaught RuntimeException: no cart 8 in /srv/cart.php:5\nStack trace:\n#0 /srv/cart.php(5): Cart->total()\n#1 {main}",
  ],
} as const;

describe("stacks", () => {
  test.each(Object.entries(stacks))(
    "%s: the fingerprint is the same in another build",
    (runtime, [one, other]) => {
      expect(parseFrames(one)?.runtime).toBe(runtime);
      expect(read(one).frames.length).toBeGreaterThan(0);
      expect({ ...read(other), message: "" }).toEqual({ ...read(one), message: "" });
    },
  );

  test("different failures have different fingerprints", () => {
    const prints = Object.values(stacks).map(([one]) => read(one).fingerprint);
    expect(new Set(prints).size).toBe(prints.length);
    const other = stacks.v8[0].replace("getOrder", "getCart");
    expect(read(other).fingerprint).not.toBe(read(stacks.v8[0]).fingerprint);
  });

  test("the chain of types counts, with what tells kinds of one type apart", () => {
    expect(read(stacks.jvm[0]).types).toEqual(["java.lang.IllegalStateException", "java.io.IOException"]);
    expect(read("Error: connect ECONNREFUSED 10.0.0.1:80").types).toEqual(["Error(ECONNREFUSED)"]);
    const refused = read("Error: connect ECONNREFUSED 10.0.0.1:80").fingerprint;
    expect(read("Error: connect ECONNREFUSED 10.0.0.9:81").fingerprint).toBe(refused);
    expect(read("Error: connect ETIMEDOUT 10.0.0.1:80").fingerprint).not.toBe(refused);
  });

  test("the types alone are those of the whole reading", () => {
    const said = { type: "Wrapped", message: "connect ECONNREFUSED 10.0.0.1:80" };
    for (const text of [...Object.values(stacks).flat(), "Error: connect ECONNREFUSED 10.0.0.1:80", "x\ny"])
      for (const beside of [null, said, { type: "", message: "" }])
        expect(readTypes(text, beside)).toEqual(readException(text, beside)?.types ?? []);
  });

  test("what the record says of its exception goes before what the text says", () => {
    const said = readException("    at f (/app/a.js:1:2)", { type: "CartError", message: "no cart 7" });
    expect(said?.types).toEqual(["CartError"]);
    expect(readException("all is well", null)).toBeNull();
  });

  test("recursion counts once, and eight frames at most", () => {
    const deep = `Error: x\n${"    at walk (/app/tree.js:3:4)\n".repeat(100)}    at start (/app/main.js:1:1)`;
    expect(read(deep).frames).toEqual(["tree.js walk", "main.js start"]);
    const wide = `Error: x\n${Array.from({ length: 40 }, (_, at) => `    at f${"abcdefgh"[at % 8]} (/app/a.js:1:1)`).join("\n")}`;
    expect(read(wide).frames).toHaveLength(8);
  });

  test("renamed code is a variant, another failure is not", () => {
    const stack = (names: readonly string[]) =>
      read(`Error: x\n${names.map((name) => `    at ${name} (/app/a.js:1:1)`).join("\n")}`);
    const old = stack(["a", "b", "c", "d", "e"]);
    expect(isVariant(old, stack(["a", "b", "renamed", "d", "e"]))).toBe(true);
    expect(isVariant(old, stack(["x", "y", "c", "d", "e"]))).toBe(false);
    expect(isVariant(old, old)).toBe(false);
  });

  test.each([
    ["/app/index-DbQ2xY9p.js", "index.js"],
    ["/srv/1.853.0/bundle.js:1:88231", "bundle.js"],
    ["webpack:///./src/Cart.tsx?ab12", "cart.tsx"],
    ["C:\\app\\Cart.cs", "cart.cs"],
  ])("the source of %s is %s", (path, name) => {
    expect(sourceName(path)).toBe(name);
  });

  test("names that builds and runs write are taken out", () => {
    const key = (name: string) => frameKey({ module: "a.B", file: "", function: name });
    expect(key("run$$Lambda$12/0x0000")).toBe(key("run$$Lambda$99/0x1111"));
    expect(key("lambda$x$3")).toBe(key("lambda$x$7"));
    expect(isInApp("jvm", { module: "org.springframework.web.Filter", file: "", function: "x" })).toBe(false);
    expect(isInApp("jvm", { module: "com.acme.Filter", file: "", function: "x" })).toBe(true);
  });

  test("any text is read without a throw, bounded", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom(...Object.values(stacks).flat())), { maxLength: 6 }),
        (parts) => {
          const exception = readException(parts.join("\n"), null);
          expect(exception?.frames.length ?? 0).toBeLessThanOrEqual(8);
        },
      ),
    );
    expect(readException(`${"at ".repeat(300_000)}\n`, null)).toBeNull();
  });
});
