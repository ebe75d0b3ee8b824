import { createHash, timingSafeEqual } from "node:crypto";

/** True where an Authorization header carries the token. The comparison takes the same time wherever the two differ. */
export function bearsToken(authorization: string | undefined, token: string): boolean {
  const match = /^Bearer +(\S+) *$/i.exec(authorization ?? "");
  return timingSafeEqual(digest(match?.[1] ?? ""), digest(token)) && match !== null;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
