import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadDocuments } from "#config/load-documents.ts";
import { formatFault, yamlLimits } from "#config/yaml-documents.ts";

const head = "apiVersion: haldane/v1\nkind: Policy\n";

function faultsOf(text: string, file = "haldane.yaml"): readonly string[] {
  const loaded = loadDocuments([{ file, text }]);
  return loaded.ok ? [] : loaded.error.map(formatFault);
}

describe("faults of a document", () => {
  test("an unknown key is placed at the key, with the near word and what is known", () => {
    expect(faultsOf(`${head}errors:\n  guarded: true\n  tolerence: 1.1\n`)).toEqual([
      'haldane.yaml:5:3: errors.tolerence: unknown key "tolerence"; did you mean "tolerance"? ' +
        "known: guarded, tolerance, margin, atMost, ceiling, limit, spread",
    ]);
  });

  test("a value of the wrong type is placed at the value", () => {
    const [fault] = faultsOf(`${head}errors:\n  margin: wide\n`);
    expect(fault).toMatch(/^haldane\.yaml:4:11: errors\.margin: .*expected number/);
  });

  test("a value outside its words is refused with the words", () => {
    const [fault] = faultsOf(`${head}inconclusive:\n  then: promote\n`);
    expect(fault).toMatch(/^haldane\.yaml:4:9: inconclusive\.then: .*known: hold, rollback$/);
  });

  test("an unknown kind of metric lists the kinds", () => {
    const [fault] = faultsOf(`${head}metrics:\n  - name: a\n    kind: guage\n`);
    expect(fault).toMatch(
      /^haldane\.yaml:5:11: metrics\[0\]\.kind: .*did you mean "gauge"\? known: counter, histogram, gauge$/,
    );
  });

  test("a number where a duration is meant says how to write one", () => {
    const [fault] = faultsOf(`${head}settle: 10\n`);
    expect(fault).toMatch(/^haldane\.yaml:3:9: settle: .*write a duration such as 250ms, 10s, 2m or 1h$/);
  });

  test("a version that YAML reads as a number says that quotes are missing", () => {
    const binding = "apiVersion: haldane/v1\nkind: Configuration\nbindings:\n  - service: 1.5\n";
    expect(faultsOf(binding)[0]).toMatch(/bindings\[0\]\.service: .*write it in quotes: "1\.5"$/);
  });

  test("a secret written in the file is refused with the two forms of a reference", () => {
    const text = "apiVersion: haldane/v1\nkind: Configuration\nlisten:\n  token: hunter2\n";
    const [fault] = faultsOf(text);
    expect(fault).toMatch(/^haldane\.yaml:4:10: listen\.token: .*write one of \{ env \} or \{ file \}$/);
    expect(fault).not.toContain("hunter2");
  });

  test("a Kafka source is refused by what it lacks, says twice or misspells, each with its place", () => {
    const source = (text: string): readonly string[] =>
      faultsOf(`apiVersion: haldane/v1\nkind: Configuration\nsources:\n${text}`);
    const begun = '  - { kind: kafka, name: main, brokers: ["kafka:9092"]';
    expect(source(`${begun} }\n`)).toEqual([]);
    expect(source("  - { kind: kafka, name: main, brokers: [kafka] }\n")[0]).toMatch(
      /^haldane\.yaml:4:42: sources\[0\]\.brokers\[0\]: write host:port/,
    );
    expect(source(`${begun}, traces: { topic: a }, logs: { topic: a } }\n`)[0]).toMatch(
      /^haldane\.yaml:4:\d+: sources\[0\]: two signals share one topic: give each its own/,
    );
    expect(source(`${begun}, traces: null, metrics: null, logs: null }\n`)[0]).toMatch(/nothing is read/);
    expect(source(`${begun}, logs: { encoding: otlp-json } }\n`)[0]).toMatch(
      /sources\[0\]\.logs\.encoding: .*known: otlp_proto, otlp_json/,
    );
    expect(source(`${begun}, groupID: x }\n`)[0]).toMatch(/unknown key "groupID"; did you mean "groupId"/);
    expect(source(`${begun} }\n${begun} }\n`)[0]).toMatch(/sources: two sources share one name/);
  });

  test("a rule between keys is refused where the keys stand", () => {
    expect(faultsOf(`${head}errors: { tolerance: 2, margin: 1.5 }\n`)).toEqual([
      "haldane.yaml:3:9: errors: must hold: tolerance < margin <= atMost",
    ]);
  });

  test("a fault behind an alias is placed where the aliased value stands", () => {
    const text = `${head}silence: &s { grace: 1 }\nnoData: *s\n`;
    const faults = faultsOf(text);
    expect(faults.filter((fault) => fault.startsWith("haldane.yaml:3:22: silence.grace"))).toHaveLength(1);
    expect(faults.filter((fault) => fault.startsWith("haldane.yaml:3:22: noData.grace"))).toHaveLength(1);
  });

  test("every fault of every file is reported at once", () => {
    const loaded = loadDocuments([
      { file: "a.yaml", text: `${head}alpha: 2\nbeta: 3\n` },
      { file: "b.yaml", text: "kind: Polic\n" },
    ]);
    expect(loaded.ok ? [] : loaded.error.map((fault) => `${fault.file} ${fault.path}`)).toEqual([
      "a.yaml alpha",
      "a.yaml beta",
      "b.yaml kind",
    ]);
  });
});

describe("documents that clash", () => {
  test("a key given twice is refused", () => {
    expect(faultsOf(`${head}alpha: 0.01\nalpha: 0.05\n`)[0]).toMatch(/^haldane\.yaml:4:1: .*unique/);
  });

  test("two policies of one name are refused, with the place of the first", () => {
    expect(faultsOf(`${head}name: web\n---\n${head}name: web\n`)).toEqual([
      'haldane.yaml:7:7: name: a second policy "web"; the first is at haldane.yaml:3',
    ]);
  });

  test("a second configuration is refused", () => {
    const one = "apiVersion: haldane/v1\nkind: Configuration\n";
    expect(faultsOf(`${one}---\n${one}`)[0]).toContain(
      "a second configuration; the first is at haldane.yaml:2",
    );
  });

  test("a binding to a policy that no document defines is refused", () => {
    const text = "apiVersion: haldane/v1\nkind: Configuration\nbindings:\n  - service: a\n    policy: wbe\n";
    const [fault] = faultsOf(`${text}---\n${head}name: web\n`);
    expect(fault).toBe(
      'haldane.yaml:5:13: bindings[0].policy: unknown policy "wbe"; did you mean "web"? known: default, web',
    );
  });
});

describe("texts that are no configuration", () => {
  test("an alias bomb is refused before it is unfolded", () => {
    const levels = Array.from({ length: 12 }, (_, at) =>
      at === 0
        ? "l0: &l0 [x, x, x, x, x, x, x, x, x]"
        : `l${at}: &l${at} [${Array.from({ length: 9 }, () => `*l${at - 1}`).join(", ")}]`,
    );
    expect(faultsOf(levels.join("\n"))[0]).toMatch(/aliases may stand for 100 nodes at most$/);
  });

  test("brackets without end are refused and do not exhaust the stack", () => {
    expect(faultsOf("[".repeat(200_000))[0]).toMatch(/^haldane\.yaml:1:/);
  });

  test("a text past the limit is refused by its size", () => {
    expect(faultsOf(`a: ${"x".repeat(yamlLimits.fileBytes)}`)[0]).toContain(
      `at most ${yamlLimits.fileBytes} are read`,
    );
  });

  test("an unknown tag is refused", () => {
    expect(faultsOf(`${head}name: !!js/function x\n`)[0]).toMatch(/^haldane\.yaml:3:7: .*tag/);
  });

  test("a list, a word and an empty file are refused with what to write", () => {
    expect(faultsOf("- a\n")[0]).toContain("write apiVersion: haldane/v1 and kind");
    expect(faultsOf("hello\n")[0]).toContain("write apiVersion: haldane/v1 and kind");
    expect(faultsOf("# nothing\n")[0]).toContain("the file holds no document");
  });

  test("any text is answered with documents or with faults that have a place", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `${head}${text}`),
        ),
        (text) => {
          const loaded = loadDocuments([{ file: "f", text }]);
          return loaded.ok || loaded.error.every((fault) => fault.line >= 1 && fault.column >= 1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
