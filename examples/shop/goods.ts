export interface Good {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
}

const names = ["kettle", "teapot", "cup", "saucer", "spoon", "strainer", "caddy", "tray", "cosy", "timer"];

/** What the shop sells: forty goods, always the same. */
export const goods: readonly Good[] = Array.from({ length: 40 }, (_, at) => ({
  id: String(at + 1),
  name: `${names[at % names.length] ?? "kettle"} no. ${Math.floor(at / names.length) + 1}`,
  priceCents: 500 + ((at * 379) % 4000),
}));

/** Price of a list of goods, or the first id that the shop does not sell. */
export function total(ids: readonly string[]): { readonly cents: number } | { readonly unknown: string } {
  let cents = 0;
  for (const id of ids) {
    const good = goods.find((candidate) => candidate.id === id);
    if (good === undefined) return { unknown: id };
    cents += good.priceCents;
  }
  return { cents };
}
