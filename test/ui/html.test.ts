import fc from "fast-check";
import { expect, it } from "vitest";
import { html } from "#ui/html.ts";

it("a value never becomes a tag or leaves its attribute", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("<", ">", '"', "'", "`", "&", "=", "a", "/") }),
      (value) => {
        const { text } = html`<b title="${value}">${value}</b>`;
        expect(text.match(/[<>]/g)).toEqual(["<", ">", "<", ">"]);
        expect(text.match(/"/g)).toHaveLength(2);
        expect(text).not.toMatch(/['`]/);
      },
    ),
  );
});

it("markup is taken as it is, lists are joined, null is nothing", () => {
  const parts = ["<", html`<i>${1}</i>`, null];
  expect(html`<p>${parts}${null}</p>`.text).toBe("<p>&lt;<i>1</i></p>");
});

it("an object that only looks like markup is not taken for it by the types, and text is escaped", () => {
  // @ts-expect-error -- markup is made by the template alone
  expect(() => html`${{ text: "<b>" }}`.text).not.toThrow();
  expect(html`${"<b>"}`.text).toBe("&lt;b&gt;");
});
