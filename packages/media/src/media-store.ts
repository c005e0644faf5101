import type { Readable } from "node:stream";

/**
 * Where the bytes of media are kept: one for all processes of an installation. Names are ours (letters, digits, `_`, `-`, `.`); an
 * object never changes once it is there.
 */
export interface MediaStore {
  /** A folder of this machine for bytes on their way in. */
  readonly spool: string;
  /** Keeps a finished file under the name, all or nothing; the file may be taken away. A repeat replaces it. */
  keep(name: string, file: SpooledFile): Promise<void>;
  /** The bytes as a stream; undefined when there are none under the name. */
  read(name: string): Promise<Readable | undefined>;
  /** May be called twice. */
  remove(name: string): Promise<void>;
  /** All objects, in no order. */
  list(): AsyncIterable<StoredObject>;
}

export interface SpooledFile {
  readonly path: string;
  readonly bytes: number;
  /** hex */
  readonly sha256: string;
}

export interface StoredObject {
  readonly name: string;
  /** When it was kept, ms since the epoch. */
  readonly at: number;
}

/** The store can't do its work at the moment: whose bytes they are is without fault. */
export class MediaStoreError extends Error {
  override readonly name = "MediaStoreError";
}
