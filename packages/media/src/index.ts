/**
 * The bytes that messages carry, from wherever they come to where they are kept. Memory never holds a whole file.
 *
 *   spool    a file of this machine that is still being written
 *   object   bytes in the store under a name of ours; they never change
 *   facts    what is known of an object: size, hash, type, looks
 *
 * ```
 *  URL ─► open-url (address, redirects) ─► fetch-media ─┐
 *  body of a request ───────────────────────────────────┴► receive: spool ─► type ─► looks (inspector) ─► store (files | S3)
 * ```
 */
export {
  type MediaStore,
  MediaStoreError,
  type SpooledFile,
  type StoredObject,
} from "./media-store.ts";
export { openFileStore } from "./file-store.ts";
export type { S3Bucket } from "./s3-store.ts";
export {
  type MediaPlace,
  openMediaStore,
  readMediaPlace,
  type ReadMediaPlace,
} from "./media-place.ts";
export { type MediaRoom, openMediaRoom } from "./media-room.ts";
export { sweepStore } from "./sweep-store.ts";
export { examineFolder } from "./examine-folder.ts";

// Bytes on their way in
export { type Incoming, type MediaFacts, receive, type Received } from "./receive.ts";
export { type Fetched, fetchMedia, type FetchDeps, type MediaUrl } from "./fetch-media.ts";
export { inspect, type Looks } from "./inspect.ts";
