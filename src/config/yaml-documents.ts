import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from "yaml";
import { err, ok, type Result } from "#model/result.ts";
import type { Problem } from "#engine/policy.ts";

/** One fault of a file, placed so that an editor can jump to it. Lines and columns count from 1. */
export interface Fault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path inside the document, such as `errors.margin` or `steps[1].weight`; "" for the document itself. */
  readonly path: string;
  readonly message: string;
}

/** One YAML document as plain values, with the way back to the place of each of them. */
export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /** The fault at the problem's place: at the key for a key that should not be there, else at the value. */
  faultOf(problem: Problem, at: "key" | "value"): Fault;
}

/** What one YAML file may hold at most. A file past a limit is refused whole, by the name of the limit. */
export const yamlLimits = {
  /** UTF-8 bytes of one file. */
  fileBytes: 1_048_576,
  /** Documents of one file. */
  documents: 1000,
  /** Nodes that aliases may multiply into; a deeper nest of aliases is a bomb. */
  aliases: 100,
} as const;

type Path = readonly (string | number)[];

/** `steps[1].weight`; a key that is no plain word is quoted. */
export function formatPath(path: Path): string {
  return path
    .map((part, at) => {
      if (typeof part === "number") return `[${part}]`;
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return at === 0 ? part : `.${part}`;
    })
    .join("");
}

/** `haldane.yaml:4:3: errors.tolerence: unknown key …`, the form that editors and terminals link. */
export function formatFault(fault: Fault): string {
  const place = `${fault.file}:${fault.line}:${fault.column}`;
  return fault.path === "" ? `${place}: ${fault.message}` : `${place}: ${fault.path}: ${fault.message}`;
}

/** One step down a path: the node below, and the node whose place stands for it; null where there is no such part. */
function below(
  node: unknown,
  part: string | number,
  at: "key" | "value",
): { readonly node: unknown; readonly placed: unknown } | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    if (pair === undefined) return null;
    return { node: pair.value, placed: at === "key" ? pair.key : (pair.value ?? pair.key) };
  }
  if (!isSeq(node)) return null;
  const item: unknown = node.items[Number(part)];
  return item === undefined ? null : { node: item, placed: item };
}

/** Source offset of a path: of the deepest part of it that exists. */
function offsetOf(document: Document, path: Path, at: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, part] of path.entries()) {
    const step = below(
      isAlias(node) ? node.resolve(document) : node,
      part,
      depth === path.length - 1 ? at : "value",
    );
    if (step === null) return offset;
    node = step.node;
    if (isNode(step.placed)) offset = step.placed.range?.[0] ?? offset;
  }
  return offset;
}

function isEmpty(document: Document): boolean {
  const contents: Node | null = document.contents;
  return contents === null || (isScalar(contents) && contents.value === null && contents.source === "");
}

/**
 * Reads every document of one YAML 1.2 text. Refused with their place: syntax errors, keys given twice, unknown tags,
 * aliases that multiply (a "YAML bomb"), texts past `yamlLimits`. Documents with nothing in them are left out.
 */
export function readYamlDocuments(
  text: string,
  file: string,
): Result<readonly YamlDocument[], readonly Fault[]> {
  const wholeFile = (message: string): Result<never, readonly Fault[]> =>
    err([{ file, line: 1, column: 1, path: "", message }]);
  const bytes = Buffer.byteLength(text);
  if (bytes > yamlLimits.fileBytes) {
    return wholeFile(`the file has ${bytes} bytes; at most ${yamlLimits.fileBytes} are read`);
  }
  const lines = new LineCounter();
  const faultAt = (offset: number, path: Path, message: string): Fault => {
    const place = lines.linePos(offset);
    return {
      file,
      line: Math.max(1, place.line),
      column: Math.max(1, place.col),
      path: formatPath(path),
      message,
    };
  };
  try {
    const parsed = parseAllDocuments(text, {
      version: "1.2",
      uniqueKeys: true,
      prettyErrors: false,
      logLevel: "silent",
      lineCounter: lines,
    });
    const documents: readonly Document[] = Array.isArray(parsed) ? parsed : [];
    if (documents.length > yamlLimits.documents) {
      return wholeFile(
        `the file has ${documents.length} documents; at most ${yamlLimits.documents} are read`,
      );
    }
    const faults = documents.flatMap((document) =>
      [...document.errors, ...document.warnings].map((error) => faultAt(error.pos[0], [], error.message)),
    );
    if (faults.length > 0) return err(faults);
    return ok(
      documents
        .filter((document) => !isEmpty(document))
        .map((document) => ({
          file,
          value: document.toJS({ maxAliasCount: yamlLimits.aliases }) as unknown,
          faultOf: (problem, at) =>
            faultAt(offsetOf(document, problem.path, at), problem.path, problem.message),
        })),
    );
  } catch (error) {
    if (error instanceof ReferenceError) {
      return wholeFile(
        `${error.message}; write repeated parts out, aliases may stand for ${yamlLimits.aliases} nodes at most`,
      );
    }
    if (error instanceof RangeError) return wholeFile("nested too deeply to be a configuration");
    throw error;
  }
}
