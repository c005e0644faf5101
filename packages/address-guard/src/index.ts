/**
 * Where requests that strangers ask for may go: to the public internet only.
 *
 * ```
 *  URL ─► refuseHost (an address as host) ─► socket ─► guardedLookup (a name as host) ─► connects to what was checked
 * ```
 * `new URL` writes odd spellings of IPv4 (`0x7f.1`, `2130706433`) as plain ones; pass its `hostname`. Each redirect is a new URL.
 */
export { guardedLookup, refuseHost, REFUSED_ADDRESS } from "./guarded-lookup.ts";
export { isPublicAddress } from "./public-address.ts";
