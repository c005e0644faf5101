import type { Companion } from "./directory.ts";
import { jidOf } from "./directory.ts";
import { lidJid, pnJid } from "./jid.ts";
import { el } from "./node.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** Tells the other companions of an account that its device list changed; they drop what they have cached of it. */
export function announceDevice(realm: Realm, kind: "add" | "remove", changed: Companion): void {
  const { number, device, keyIndex } = changed;
  const t = nowSeconds();
  for (const companion of realm.directory.companionsOf(number)) {
    if (companion.device === device) continue;
    const attrs = {
      from: pnJid(number),
      type: "devices",
      id: `devices-${kind}-${keyIndex}`,
      t,
      lid: lidJid(number),
    };
    const entry = el("device", { jid: pnJid(number, device), "key-index": keyIndex });
    realm.outboxes.post(jidOf(companion), el("notification", attrs, [el(kind, {}, [entry])]));
    realm.log.append("notification", {
      device: jidOf(companion),
      type: "devices",
      from: pnJid(number),
    });
  }
}
