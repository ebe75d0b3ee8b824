/** A copy of a text that does not keep a longer one alive that it was cut from. */
export function cutLoose(text: string): string {
  return ` ${text}`.slice(1);
}
