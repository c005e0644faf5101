import { randomBytes } from "node:crypto";
import type { Ledger } from "@pombo/ledger";
import { json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";

export interface ErasureDeps {
  readonly ledger: Pick<Ledger, "beginErasure">;
  readonly now: () => number;
}

/** `DELETE /v1/contacts/:number/data`: begun here, done by the workers. It is about all devices, so only a key for all of them may ask. */
export function eraseContact({ ledger, now }: ErasureDeps): Handler<"eraseContact"> {
  return async ({ params, caller }) => {
    if (caller.devices !== "*")
      return refuse({ code: "FORBIDDEN", detail: "The API key is limited to certain devices" });
    const id = `op_${randomBytes(8).toString("hex")}`;
    await ledger.beginErasure({ id, name: params.number, keyId: caller.keyId, now: now() });
    return json(202, { success: true, operation_id: id });
  };
}
