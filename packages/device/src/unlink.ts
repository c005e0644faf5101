import type { Failure } from "@pombo/domain";
import { S_WHATSAPP_NET } from "@whiskeysockets/baileys";
import { disconnectRow } from "./disconnect-table.ts";
import type { Live } from "./live.ts";

/** Unlinks at WhatsApp; a server that ends the connection as unlinked has agreed as well. */
export async function unlink({ socket }: Live): Promise<Failure | undefined> {
  const jid = socket.wa.user?.id;
  if (jid === undefined) return undefined;
  const reason = "user_initiated";
  try {
    const answer: unknown = await socket.wa.query({
      tag: "iq",
      attrs: { to: S_WHATSAPP_NET, type: "set", xmlns: "md" },
      content: [{ tag: "remove-companion-device", attrs: { jid, reason } }],
    });
    return answer === undefined ? NOT_UNLINKED : undefined;
  } catch (cause) {
    if (socket.isOpen()) return { ...NOT_UNLINKED, cause };
    const { why, text } = await socket.ended;
    const agreed = typeof why === "number" && disconnectRow(why, text).follows === "unlinked";
    return agreed ? undefined : { ...NOT_UNLINKED, cause };
  }
}

const NOT_UNLINKED: Failure = {
  code: "UPSTREAM_FAILED",
  detail: "WhatsApp did not unlink the device",
};
