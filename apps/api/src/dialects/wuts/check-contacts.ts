import { json, refuse } from "../../answer.ts";
import type { Handler } from "../../bind-route.ts";
import { type DirectoryDeps, lookUpNumbers } from "../../routes/directory.ts";
import { problemOf, type SyncDeps } from "../../send-synchronously.ts";
import { deviceMeant } from "./device.ts";

export type WutsContactsDeps = DirectoryDeps &
  Pick<SyncDeps, "now"> & {
    readonly ledger: Pick<SyncDeps["ledger"], "viewStandstill">;
  };

/** `POST /contact/check`: yes or no for each number; null where WhatsApp did not tell. */
export function checkContact(deps: WutsContactsDeps): Handler<"wutsCheckContacts"> {
  return async ({ caller, body, client }) => {
    const meant = deviceMeant(caller, body.device_id);
    if (meant.kind === "refused") return meant.answer;
    const now = deps.now();
    const still = await deps.ledger.viewStandstill(meant.id, now);
    if (still !== undefined) return refuse(problemOf(still, now));
    const found = await lookUpNumbers(
      { deviceId: meant.id, digits: body.numbers, stop: client.stop },
      deps,
    );
    const data = Object.fromEntries(
      found.map(({ digits, known }) => [digits, known?.onWhatsApp ?? null]),
    );
    return json(200, { success: true, data });
  };
}
