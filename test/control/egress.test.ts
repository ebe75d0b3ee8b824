import { describe, expect, test } from "vitest";
import { refusedAddress, refusedHost } from "#control/egress.ts";

describe("addresses that may be called", () => {
  test.each([
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "224.0.0.1",
  ])("%s is never called, private networks allowed or not", (address) => {
    expect(refusedAddress(address, true)).toContain(address);
    expect(refusedAddress(address, false)).toContain(address);
  });

  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.9",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
  ])("%s is called only where private networks are allowed", (address) => {
    expect(refusedAddress(address, true)).toBeNull();
    expect(refusedAddress(address, false)).toContain("allowPrivate is false");
  });

  test.each(["93.184.216.34", "2606:2800:220:1::1"])("%s is called", (address) => {
    expect(refusedAddress(address, false)).toBeNull();
  });

  test("other spellings of an address are judged as the address", () => {
    for (const host of ["127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:7f00:1]"]) {
      expect(refusedHost(new URL(`http://${host}/`), false)).toContain("private");
    }
    expect(refusedHost(new URL("http://router.example/"), false)).toBeNull();
  });
});
