import type { Connection, Role } from "./connection.ts";
import type { BinaryNode } from "./node.ts";
import type { Realm } from "./realm.ts";

/** An answer `<error>`; the client rejects its query with the code. */
export class IqError extends Error {
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export type DeviceRole = Extract<Role, { kind: "device" }>;

export interface IqCall {
  readonly realm: Realm;
  readonly connection: Connection;
  readonly role: DeviceRole;
  readonly iq: BinaryNode;
  /** The first child, which names the operation. */
  readonly operation: BinaryNode;
}
