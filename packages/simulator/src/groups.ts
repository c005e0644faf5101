import { randomInt } from "node:crypto";
import type { Journal } from "./journal.ts";
import type { Space } from "./jid.ts";

/** All groups and who is in them. Members are numbers; which devices they have is the directory's business. */
export interface Group {
  /** With `@g.us`. */
  readonly jid: string;
  readonly subject: string;
  readonly description?: { readonly id: string; readonly text: string };
  /** In which space members are named to each other. */
  readonly mode: Space;
  /** Only admins may write. */
  readonly announce: boolean;
  readonly creator: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly subjectAt: number;
  readonly members: readonly GroupMember[];
}

export interface GroupMember {
  /** Digits. */
  readonly number: string;
  readonly role: GroupRole;
}

export type GroupRole = "member" | "admin" | "superadmin";

export interface Groups {
  create(order: GroupOrder): Group;
  get(jid: string): Group | undefined;
  list(): Group[];
  of(number: string): Group[];
  change(jid: string, changes: Partial<Omit<Group, "jid">>): Group | undefined;
}

export interface GroupOrder {
  readonly subject: string;
  readonly mode: Space;
  readonly announce: boolean;
  readonly creator: string;
  readonly others: readonly string[];
}

export function openGroups({
  journal,
  nowSeconds,
}: {
  journal: Journal;
  nowSeconds: () => number;
}): Groups {
  const groups = new Map(journal.entries<Group>("group/"));
  function put(group: Group): Group {
    groups.set(group.jid, group);
    journal.write([[`group/${group.jid}`, group]]);
    return group;
  }
  return {
    create({ creator, others, ...order }) {
      const now = nowSeconds();
      const rest = [...new Set(others)].filter((number) => number !== creator);
      return put({
        ...order,
        jid: `120363${randomInt(1e11, 1e12)}@g.us`,
        creator,
        createdAt: now,
        subjectAt: now,
        members: [
          { number: creator, role: "superadmin" },
          ...rest.map((number) => ({ number, role: "member" }) as const),
        ],
      });
    },
    get: (jid) => groups.get(jid),
    list: () => [...groups.values()],
    of: (number) => [...groups.values()].filter((group) => memberOf(group, number) !== undefined),
    change(jid, changes) {
      const group = groups.get(jid);
      return group === undefined ? undefined : put({ ...group, ...changes });
    },
  };
}

export const memberOf = (group: Group, number: string): GroupMember | undefined =>
  group.members.find((member) => member.number === number);

export const isAdmin = (group: Group, number: string): boolean =>
  (memberOf(group, number)?.role ?? "member") !== "member";
