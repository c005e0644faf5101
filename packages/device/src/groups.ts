import type { Failure } from "@pombo/domain";
import {
  type GroupMetadata,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
  type WASocket,
} from "@whiskeysockets/baileys";
import { classifyRejection } from "./classify.ts";
import type { MemoryCache } from "./memory-cache.ts";

export interface GroupMember {
  /** As the group addresses people: a LID, or a number. */
  readonly jid: string;
  /** Digits, where WhatsApp tells them. */
  readonly phone?: string;
  readonly role: "member" | "admin" | "owner";
}

export interface Group {
  readonly jid: string;
  readonly subject: string;
  readonly description?: string;
  /** ms since the epoch */
  readonly createdAt?: number;
  readonly owner?: string;
  readonly size: number;
  /** Only admins may write. */
  readonly announce: boolean;
  readonly members: readonly GroupMember[];
}

export type GroupsFound =
  | { readonly kind: "groups"; readonly groups: readonly Group[] }
  | { readonly kind: "failed"; readonly failure: Failure };

export type GroupFound =
  | { readonly kind: "group"; readonly group: Group }
  | { readonly kind: "failed"; readonly failure: Failure };

/** The groups that the account is in. */
export async function findGroups(wa: WASocket): Promise<GroupsFound> {
  try {
    const found = await wa.groupFetchAllParticipating();
    return { kind: "groups", groups: Object.values(found).map(groupOf) };
  } catch (error) {
    return { kind: "failed", failure: classifyRejection(error) };
  }
}

/** One group; what a send finds out about it is kept, and asked for again when the group says that it has changed. */
export async function findGroup(wa: WASocket, jid: string): Promise<GroupFound> {
  try {
    return { kind: "group", group: groupOf(await wa.groupMetadata(jid)) };
  } catch (error) {
    return { kind: "failed", failure: classifyGroup(error) };
  }
}

/** What Baileys needs to know of a group before it can send to it, kept so that each send doesn't ask. Rejects with {@link GroupError}. */
export async function knowGroup(wa: WASocket, jid: string, groups: MemoryCache): Promise<void> {
  if ((await groups.get(jid)) !== undefined) return;
  const data = await wa.groupMetadata(jid).catch((error: unknown) => {
    throw new GroupError(classifyGroup(error));
  });
  await groups.set(jid, data);
}

/** The group can't be had; `failure` says why. */
export class GroupError extends Error {
  override readonly name = "GroupError";
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** What WhatsApp refuses of a group says something of the group, and no other try will change it. */
const GROUP_REFUSALS: Readonly<Record<string, string>> = {
  401: "not a member of this group",
  403: "not a member of this group",
  404: "there is no such group",
};

function classifyGroup(error: unknown): Failure {
  const refused = error instanceof Error && "data" in error ? String(error.data) : "";
  const detail = GROUP_REFUSALS[refused];
  return detail === undefined
    ? classifyRejection(error)
    : { code: "SEND_REJECTED", detail, cause: error };
}

function groupOf(data: GroupMetadata): Group {
  const owner = data.ownerPn ?? data.owner;
  return {
    jid: data.id,
    subject: data.subject,
    ...(data.desc ? { description: data.desc } : {}),
    ...(data.creation ? { createdAt: data.creation * 1_000 } : {}),
    ...(owner ? { owner: jidDecode(owner)?.user ?? owner } : {}),
    size: data.size ?? data.participants.length,
    announce: data.announce === true,
    members: data.participants.map(memberOf),
  };
}

function memberOf({ id, phoneNumber, admin }: GroupMetadata["participants"][number]): GroupMember {
  const number = [phoneNumber, id].find((jid) => isPnUser(jid));
  const phone = jidDecode(number)?.user;
  return {
    jid: jidNormalizedUser(id),
    ...(phone === undefined ? {} : { phone }),
    role: admin === "superadmin" ? "owner" : admin === "admin" ? "admin" : "member",
  };
}
