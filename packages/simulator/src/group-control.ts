import { BadRequest } from "./bad-request.ts";
import { jidOf } from "./directory.ts";
import { changeMembers, createGroup, renameGroup, type MemberChange } from "./group-changes.ts";
import type { Group, GroupRole } from "./groups.ts";
import type { Space } from "./jid.ts";
import { numberOf } from "./number.ts";
import type { Realm } from "./realm.ts";

/** Groups, moved by hand. Numbers may be written as people write them. */
export interface GroupControl {
  createGroup(wish: GroupWish): GroupView;
  /** All, or those that a number is in. */
  groups(number?: string): GroupView[];
  group(jid: string): GroupView;
  /** Throws when one of the numbers cannot be changed. */
  changeMembers(jid: string, wish: MembersWish): GroupView;
  renameGroup(jid: string, subject: string): GroupView;
}

export interface GroupWish {
  readonly subject: string;
  /** The first is the creator. */
  readonly participants: readonly string[];
  /** In which space members are named; default `lid`, as in new groups. */
  readonly mode?: Space;
  /** Only admins may write. */
  readonly announce?: boolean;
}

export interface MembersWish {
  readonly change: MemberChange;
  readonly participants: readonly string[];
  /** Who does it; default the creator. */
  readonly actor?: string;
}

export interface GroupView {
  /** JID. */
  readonly id: string;
  readonly subject: string;
  readonly mode: Space;
  readonly announce: boolean;
  readonly creator: string;
  /** Unix seconds. */
  readonly created_at: number;
  readonly participants: readonly {
    readonly number: string;
    readonly role: GroupRole;
    /** JIDs of the linked companions. */
    readonly devices: readonly string[];
  }[];
}

export function openGroupControl(realm: Realm): GroupControl {
  const found = (jid: string): Group => {
    const group = realm.groups.get(jid);
    if (group === undefined) throw new BadRequest("no such group", 404);
    return group;
  };
  const view = (jid: string): GroupView => viewOf(realm, found(jid));
  return {
    createGroup({ subject, participants, mode = "lid", announce = false }) {
      const [creator, ...others] = numbersOf(realm, participants);
      if (creator === undefined) throw new BadRequest("a group needs at least one participant");
      if (others.length >= realm.limits.groupMembers)
        throw new BadRequest(`a group may have ${realm.limits.groupMembers} participants`);
      return viewOf(realm, createGroup(realm, { subject, mode, announce, creator, others }));
    },
    groups(number) {
      const all = number === undefined ? realm.groups.list() : realm.groups.of(numberOf(number));
      return all.map((group) => viewOf(realm, group));
    },
    group: view,
    changeMembers(jid, { change, participants, actor }) {
      const group = found(jid);
      const order = {
        change,
        actor: actor === undefined ? group.creator : numberOf(actor),
        numbers: participants.map(numberOf),
      };
      const [failed] = changeMembers(realm, group, order);
      if (failed !== undefined)
        throw new BadRequest(`could not ${change} ${failed[0]} (${failed[1]})`, 409);
      return view(jid);
    },
    renameGroup(jid, subject) {
      const group = found(jid);
      renameGroup(realm, group, { actor: group.creator, subject });
      return view(jid);
    },
  };
}

function numbersOf(realm: Realm, participants: readonly string[]): string[] {
  const numbers = participants.map(numberOf);
  const stranger = numbers.find((number) => !realm.phones.settings(number).on_whatsapp);
  if (stranger !== undefined) throw new BadRequest(`${stranger} is not on WhatsApp`, 422);
  return numbers;
}

function viewOf(realm: Realm, group: Group): GroupView {
  const { jid, subject, mode, announce, creator, createdAt, members } = group;
  return {
    id: jid,
    subject,
    mode,
    announce,
    creator,
    created_at: createdAt,
    participants: members.map(({ number, role }) => ({
      number,
      role,
      devices: realm.directory.companionsOf(number).map(jidOf),
    })),
  };
}
