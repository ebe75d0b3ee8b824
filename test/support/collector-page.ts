import { readFileSync } from "node:fs";

/** The page of the Collector. */
export const collectorPage = readFileSync(new URL("../../docs/collector.md", import.meta.url), "utf8");

/** The code blocks of the Collector's page in one language, by the name in their first line (`# existing.yaml`) or else by number. */
export function blocksOfPage(language: string): ReadonlyMap<string, string> {
  const blocks = [...collectorPage.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))];
  return new Map(
    blocks.map((block, index) => {
      const text = block[1] ?? "";
      return [/^# (\S+\.yaml)$/m.exec(text.split("\n")[0] ?? "")?.[1] ?? String(index), text];
    }),
  );
}

/** A configuration of the page with its addresses replaced; one that the page does not have is an error. */
export function configOfPage(name: string, addresses: Readonly<Record<string, string>>): string {
  const block = blocksOfPage("yaml").get(name);
  if (block === undefined) throw new Error(`the page has no ${name}`);
  return Object.entries(addresses).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${name} on the page does not say ${from}`);
    return text.replaceAll(from, to);
  }, block);
}

/** The ports of the page's receivers as those that a started Collector gets. */
export const receiverPorts = {
  "0.0.0.0:4317": "127.0.0.1:${env:OTLP_GRPC_PORT}",
  "0.0.0.0:4318": "127.0.0.1:${env:OTLP_HTTP_PORT}",
};
