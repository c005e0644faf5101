import type { Group, GroupMember } from "./groups.ts";
import { formatJid, lidJid, pnJid, type Space } from "./jid.ts";
import { el, type BinaryNode } from "./node.ts";

/** Groups as the wire writes them. */
export const jidIn = (space: Space, number: string, device = 0): string =>
  formatJid({ number, device, space });

/** The same account in the other space, under the name that the attribute has there. */
export function otherJid(
  mode: Space,
  number: string,
  names: { readonly pn: string; readonly lid: string },
): Record<string, string> {
  return mode === "lid" ? { [names.pn]: pnJid(number) } : { [names.lid]: lidJid(number) };
}

export function memberNode(mode: Space, { number, role }: GroupMember): BinaryNode {
  return el("participant", {
    jid: jidIn(mode, number),
    ...otherJid(mode, number, { pn: "phone_number", lid: "lid" }),
    type: role === "member" ? undefined : role,
  });
}

export function groupNode(group: Group): BinaryNode {
  const { mode, creator, description } = group;
  const attrs = {
    id: group.jid.split("@")[0],
    subject: group.subject,
    creation: group.createdAt,
    s_t: group.subjectAt,
    s_o: jidIn(mode, creator),
    creator: jidIn(mode, creator),
    ...(mode === "lid" && { s_o_pn: pnJid(creator), creator_pn: pnJid(creator) }),
    addressing_mode: mode,
    size: group.members.length,
  };
  return el("group", attrs, [
    ...(group.announce ? [el("announcement")] : []),
    ...(description === undefined
      ? []
      : [
          el("description", { id: description.id, t: group.createdAt }, [
            el("body", {}, Buffer.from(description.text)),
          ]),
        ]),
    ...group.members.map((member) => memberNode(mode, member)),
  ]);
}
