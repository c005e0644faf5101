import { randomBytes } from "node:crypto";
import { jidOf } from "./directory.ts";
import { groupNode, jidIn, memberNode, otherJid } from "./group-node.ts";
import { memberOf, type Group, type GroupOrder, type GroupRole } from "./groups.ts";
import { el, type BinaryNode } from "./node.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** Changes of groups, and the notifications by which the members' companions learn of them. */
export type MemberChange = "add" | "remove" | "promote" | "demote";

export function createGroup(realm: Realm, order: GroupOrder): Group {
  const group = realm.groups.create(order);
  realm.log.append("group", { device: group.creator, to: group.jid, type: "create" });
  announce(realm, group, {
    actor: group.creator,
    content: el("create", { type: "new", key: randomBytes(8).toString("hex") }, [groupNode(group)]),
  });
  return group;
}

export interface MembersOrder {
  readonly change: MemberChange;
  readonly actor: string;
  readonly numbers: readonly string[];
}

/** Returns the error of each number that could not be changed. */
export function changeMembers(
  realm: Realm,
  group: Group,
  { change, actor, numbers }: MembersOrder,
): Map<string, number> {
  const errors = new Map<string, number>();
  for (const number of numbers) {
    const error = refusal(realm, group, { change, number });
    if (error !== undefined) errors.set(number, error);
  }
  const changed = numbers.filter((number) => !errors.has(number));
  if (changed.length === 0) return errors;
  const after = realm.groups.change(group.jid, { members: membersAfter(group, change, changed) });
  if (change === "remove") realm.groupSignal.renew(group.jid);
  const nodes = changed.map((number) =>
    memberNode(group.mode, { number, role: change === "promote" ? "admin" : "member" }),
  );
  realm.log.append("group", { device: actor, to: group.jid, type: change });
  // Who is removed is told too.
  const members = [...group.members, ...(after?.members ?? [])];
  announce(realm, { ...group, members }, { actor, content: el(change, {}, nodes) });
  return errors;
}

const notFound = 404;
const conflict = 409;

function refusal(
  realm: Realm,
  group: Group,
  { change, number }: { change: MemberChange; number: string },
): number | undefined {
  const inside = memberOf(group, number) !== undefined;
  if (change !== "add") return inside ? undefined : notFound;
  if (inside) return conflict;
  return realm.phones.settings(number).on_whatsapp ? undefined : notFound;
}

function membersAfter(group: Group, change: MemberChange, numbers: readonly string[]) {
  const { members } = group;
  if (change === "add")
    return [...members, ...numbers.map((number) => ({ number, role: "member" }) as const)];
  if (change === "remove") return members.filter(({ number }) => !numbers.includes(number));
  const role: GroupRole = change === "promote" ? "admin" : "member";
  return members.map((member) => (numbers.includes(member.number) ? { ...member, role } : member));
}

export function renameGroup(
  realm: Realm,
  group: Group,
  { actor, subject }: { actor: string; subject: string },
): void {
  const at = nowSeconds();
  realm.groups.change(group.jid, { subject, subjectAt: at });
  realm.log.append("group", { device: actor, to: group.jid, type: "subject" });
  const attrs = { subject, s_t: at, s_o: jidIn(group.mode, actor) };
  announce(realm, group, { actor, content: el("subject", attrs) });
}

interface Notice {
  readonly actor: string;
  readonly content: BinaryNode;
}

/** Tells the companions of all members. */
function announce(realm: Realm, group: Group, { actor, content }: Notice): void {
  const { mode } = group;
  const attrs = {
    from: group.jid,
    type: "w:gp2",
    id: randomBytes(8).toString("hex").toUpperCase(),
    t: nowSeconds(),
    participant: jidIn(mode, actor),
    ...otherJid(mode, actor, { pn: "participant_pn", lid: "participant_lid" }),
    addressing_mode: mode,
    notify: `~${actor.slice(-4)}`,
  };
  const numbers = new Set(group.members.map(({ number }) => number));
  for (const number of numbers) {
    for (const companion of realm.directory.companionsOf(number)) {
      realm.outboxes.post(jidOf(companion), el("notification", attrs, [content]));
      realm.log.append("notification", {
        device: jidOf(companion),
        type: "w:gp2",
        from: group.jid,
      });
    }
  }
}
