import { changeMembers, createGroup, renameGroup, type MemberChange } from "./group-changes.ts";
import { groupNode, jidIn } from "./group-node.ts";
import { isAdmin, memberOf, type Group } from "./groups.ts";
import { IqError, type IqCall } from "./iq-call.ts";
import { parseJid } from "./jid.ts";
import { child, children, el, textOf, type BinaryNode } from "./node.ts";

/** What companions ask about groups, and ask of them. */
function groupOf({ realm, role, iq }: IqCall): Group {
  const group = realm.groups.get(iq.attrs["to"] ?? "");
  if (group === undefined) throw new IqError(404, "item-not-found");
  if (memberOf(group, role.number) === undefined) throw new IqError(403, "forbidden");
  return group;
}

function administered(call: IqCall): Group {
  const group = groupOf(call);
  if (!isAdmin(group, call.role.number)) throw new IqError(401, "not-authorized");
  return group;
}

export const giveGroup = (call: IqCall): BinaryNode[] => [groupNode(groupOf(call))];

export function giveGroups({ realm, role }: IqCall): BinaryNode[] {
  return [el("groups", {}, realm.groups.of(role.number).map(groupNode))];
}

const numbersIn = (operation: BinaryNode): string[] =>
  children(operation, "participant")
    .map(({ attrs }) => parseJid(attrs["jid"])?.number)
    .filter((number) => number !== undefined);

export function takeNewGroup({ realm, role, operation }: IqCall): BinaryNode[] {
  const subject = operation.attrs["subject"];
  if (!subject || realm.groups.list().length >= realm.limits.groups)
    throw new IqError(406, "not-acceptable");
  const others = numbersIn(operation);
  if (others.length >= realm.limits.groupMembers) throw new IqError(406, "not-acceptable");
  const onWhatsApp = others.filter((number) => realm.phones.settings(number).on_whatsapp);
  const order = {
    subject,
    mode: "lid",
    announce: false,
    creator: role.number,
    others: onWhatsApp,
  } as const;
  return [groupNode(createGroup(realm, order))];
}

/** `<add>`, `<remove>`, `<promote>`, `<demote>`: each participant is answered, with an error or none. */
export const takeMembers =
  (change: MemberChange) =>
  (call: IqCall): BinaryNode[] => {
    const group = administered(call);
    const { realm, role, operation } = call;
    const numbers = numbersIn(operation);
    const errors = changeMembers(realm, group, { change, actor: role.number, numbers });
    const answers = numbers.map((number) =>
      el("participant", { jid: jidIn(group.mode, number), error: errors.get(number) }),
    );
    return [el(change, {}, answers)];
  };

export function takeLeave({ realm, role, operation }: IqCall): BinaryNode[] {
  const left = children(operation, "group").map(({ attrs }) => {
    const group = realm.groups.get(attrs["id"] ?? "");
    if (group === undefined || memberOf(group, role.number) === undefined)
      return el("group", { id: attrs["id"], error: 404 });
    const order = { change: "remove", actor: role.number, numbers: [role.number] } as const;
    changeMembers(realm, group, order);
    return el("group", { id: attrs["id"] });
  });
  return [el("leave", {}, left)];
}

export function takeSubject(call: IqCall): BinaryNode[] {
  const subject = textOf(call.operation) ?? "";
  renameGroup(call.realm, administered(call), { actor: call.role.number, subject });
  return [];
}

export function takeDescription(call: IqCall): BinaryNode[] {
  const group = administered(call);
  const text = textOf(child(call.operation, "body")) ?? "";
  const id = call.operation.attrs["id"] ?? "";
  call.realm.groups.change(group.jid, { description: { id, text } });
  return [];
}

/** `<announcement>` and `<not_announcement>`: whether only admins may write. */
export const takeAnnounce =
  (announce: boolean) =>
  (call: IqCall): BinaryNode[] => {
    call.realm.groups.change(administered(call).jid, { announce });
    return [];
  };
