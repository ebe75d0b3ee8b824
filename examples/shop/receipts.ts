const customers = ["ann.lee@example.org", "b.okafor@example.com", "carla+shop@example.net"];

/** What a mail server that is not there leaves in the log, with what never should be in one: an address and a token. */
export function receiptNotSent(random: () => number): string {
  const order = 10_000 + Math.floor(random() * 90_000);
  const customer = customers[Math.floor(random() * customers.length)] ?? "nobody@example.org";
  const token = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return `receipt of order ${order} for ${customer} with token=${token} not sent: connect ECONNREFUSED 10.20.0.7:2525`;
}
