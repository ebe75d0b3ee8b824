import { lookup as resolve } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Addresses that hand out the credentials of the machine, or belong to no host: never called. */
const never = new BlockList();
never.addSubnet("169.254.0.0", 16, "ipv4");
never.addAddress("100.100.100.200", "ipv4");
never.addAddress("192.0.0.192", "ipv4");
never.addSubnet("224.0.0.0", 4, "ipv4");
never.addSubnet("240.0.0.0", 4, "ipv4");
never.addSubnet("fe80::", 10, "ipv6");
never.addAddress("fd00:ec2::254", "ipv6");
never.addSubnet("ff00::", 8, "ipv6");

const inside = new BlockList();
inside.addSubnet("0.0.0.0", 8, "ipv4");
inside.addSubnet("10.0.0.0", 8, "ipv4");
inside.addSubnet("100.64.0.0", 10, "ipv4");
inside.addSubnet("127.0.0.0", 8, "ipv4");
inside.addSubnet("172.16.0.0", 12, "ipv4");
inside.addSubnet("192.168.0.0", 16, "ipv4");
inside.addSubnet("::", 96, "ipv6");
inside.addSubnet("fc00::", 7, "ipv6");
inside.addSubnet("64:ff9b::", 96, "ipv6");

/** Why an address may not be called, or null. IPv4 addresses written as IPv6 (`::ffff:a.b.c.d`) are judged as IPv4. */
export function refusedAddress(address: string, allowPrivate: boolean): string | null {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  if (never.check(address, family)) return `${address} is a link-local, metadata or multicast address`;
  if (!allowPrivate && inside.check(address, family)) {
    return `${address} is a private address and allowPrivate is false`;
  }
  return null;
}

/** The host of a URL where it is an address and not a name; names are checked when they are resolved. */
export function refusedHost(url: URL, allowPrivate: boolean): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? null : refusedAddress(host, allowPrivate);
}

/** Resolves a name and refuses it if any of its addresses may not be called; the connection goes to the checked address. */
export function createCheckedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses[0];
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), "", 0);
        return;
      }
      const refused = addresses
        .map((one) => refusedAddress(one.address, allowPrivate))
        .find((why) => why !== null);
      if (refused !== undefined) callback(new Error(`${hostname}: ${refused}`), "", 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
