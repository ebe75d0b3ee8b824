/** Why a body cannot be read at all. Nothing of such a body was told to the observer. */
export type DecodeError =
  /** `where` is a message and field with its byte offset (protobuf), or a JSON path. */
  | { readonly tag: "malformed"; readonly where: string; readonly message: string }
  | {
      readonly tag: "overLimit";
      readonly limit: "anyValueDepth" | "bodyBytes" | "jsonDepth" | "jsonValues";
      readonly where: string;
      readonly message: string;
    };

export function malformed(where: string, message: string): DecodeError {
  return { tag: "malformed", where, message };
}

/** Nested values past the limit of the same name. */
export function tooDeep(where: string, limit: number): DecodeError {
  return {
    tag: "overLimit",
    limit: "anyValueDepth",
    where,
    message: `values are nested deeper than ${limit} (limit anyValueDepth)`,
  };
}

/** One line for the sender: where, and what is wrong. */
export function decodeErrorText(error: DecodeError): string {
  return `${error.where}: ${error.message}`;
}
