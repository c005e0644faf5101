import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** Every address of the host is inside somebody's network. `code` is {@link REFUSED_ADDRESS}. */
export const REFUSED_ADDRESS = "ERR_ADDRESS_REFUSED";

type Resolve = (
  host: string,
  options: { readonly all: true; readonly family?: number; readonly hints?: number },
  done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/**
 * A `lookup` for sockets (`net`, `http`, `https`, undici's `connect`) that gives out public addresses only. The socket connects to
 * what this returns and asks nobody again, so that the checked address is the one connected to.
 *
 * A socket does not look up a host that is an address already: ask {@link refuseHost} before.
 */
export function guardedLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (host, options, done) => {
    const { all, family, hints } = options;
    const wanted = {
      ...(typeof family === "number" ? { family } : {}),
      ...(hints === undefined ? {} : { hints }),
    };
    resolve(host, { ...wanted, all: true }, (error, found) => {
      if (error) return done(error, "", 0);
      const open = found.filter(({ address }) => isPublicAddress(address));
      const [first] = open;
      if (first === undefined) return done(refusal(), "", 0);
      return all === true ? done(null, open) : done(null, first.address, first.family);
    });
  };
}

/** Throws when the host of a URL is an address that is not public. A name passes: {@link guardedLookup} decides about it. */
export function refuseHost(hostname: string): void {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refusal();
}

function refusal(): Error {
  const error = new Error("the host has no public address");
  return Object.assign(error, { code: REFUSED_ADDRESS });
}
