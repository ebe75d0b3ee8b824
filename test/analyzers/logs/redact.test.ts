import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact, redactLimits } from "#analyzers/logs/redact.ts";

// Made up for the test, and put together here so that no scanner takes them for real.
const aws = ["AKIA", "ABCDEFGH12345678"].join("");
const github = "ghp_" + "a1B2".repeat(9);
const stripe = "sk_live_" + "a1B2".repeat(6);

describe("redaction", () => {
  test.each([
    ["mail to jane.doe+x@mail.example.org now", "mail to [email] now"],
    ["card 4111 1111 1111 1111 declined", "card [card] declined"],
    ["card 4111111111111112 declined", "card 4111111111111112 declined"],
    [`key ${aws} and ${github}, ${stripe}`, "key [token] and [token], [token]"],
    ["Authorization: Bearer abcdef123456.x", "Authorization: [secret] [token]"],
    ["jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt [token] end"],
    ["password=hunter2&user=joe", "password=[secret]&user=joe"],
    ['{"api_key": "abc def", "n": 1}', '{"api_key": [secret], "n": 1}'],
    ["postgres://app:pa55@db:5432/shop", "postgres://app:[secret]@db:5432/shop"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY----- tail", "[key] tail"],
    ["order 7 of 12 at 10.0.0.1 took 35 ms", "order 7 of 12 at 10.0.0.1 took 35 ms"],
  ])("%j", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test("addresses by choice, and what rules of the user find", () => {
    const more = [{ name: "account", replace: (text: string, by: string) => text.replaceAll("ACC-17", by) }];
    const text = "ACC-17 from 10.0.0.1 and fe80:0:0:0:1:2:3:4 at 10:11:12";
    expect(redact(text, { addresses: true, more })).toBe("[account] from [ip] and [ip] at 10:11:12");
  });

  test("what is past the limit is dropped, never kept unread", () => {
    expect(redact("x".repeat(redactLimits.textChars) + "password=hunter2")).toBe(
      "x".repeat(redactLimits.textChars),
    );
  });

  test("whatever stands around it, a mail address and a token do not stay", () => {
    const around = fc.string({ maxLength: 40 }).filter((text) => !/[\w.+'@-]$/.test(text));
    fc.assert(
      fc.property(around, (before) => {
        const left = redact(`${before} joe@example.org ${github} `);
        expect(left).not.toContain("joe@example.org");
        expect(left).not.toContain(github);
      }),
    );
  });
});
