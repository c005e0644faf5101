import type { Output } from "@pombo/sdk";
import { counted, formatCount } from "../../ui/format.ts";
import { wordOf } from "../../ui/status-role.ts";
import type { ListedDevice } from "../devices/device.ts";

export type Pool = Output<"listPools">["pools"][number];
export type Strategy = Pool["strategy"];

/** A device of a pool, as far as a page knows it. */
export type Member = Pick<ListedDevice, "device_id" | "name" | "state"> & {
  readonly lane?: { readonly paused: boolean; readonly waiting: number } | undefined;
};

/** What each strategy means for a recipient that no device of the pool talks to. */
export const STRATEGIES: readonly { readonly value: Strategy; readonly label: string }[] = [
  { value: "balanced", label: "Balanced: the device with the most room" },
  { value: "in_order", label: "In order: the first of the list that can send" },
];

export function strategySays(strategy: Strategy): string {
  return strategy === "in_order" ? "in order" : "balanced";
}

export function canSend({ state, lane }: Member): boolean {
  return (state === "connected" || state === "restricted") && lane?.paused !== true;
}

/** The devices of a pool in its order; one that is not known here, because it was made or deleted a moment ago, is left out. */
export function membersOf<Device extends Member>(
  { devices }: Pick<Pool, "devices">,
  known: readonly Device[],
): readonly Device[] {
  const byId = new Map(known.map((device) => [device.device_id, device]));
  return devices.flatMap((id) => byId.get(id) ?? []);
}

/** Whether somebody is needed: no device of it can send, or some can't. */
export function poolRole(members: readonly Member[]): "moving" | "waiting" | "needs-you" {
  const able = members.filter(canSend).length;
  if (able === 0) return "needs-you";
  return able < members.length ? "waiting" : "moving";
}

/** "2 of 3 can send" */
export function poolState(members: readonly Member[]): string {
  const able = members.filter(canSend).length;
  if (members.length === 0) return "No device";
  if (able === members.length) return "Can send";
  return able === 0
    ? "Can’t send"
    : `${formatCount(able)} of ${formatCount(members.length)} can send`;
}

const MOST_NAMED = 3;

/** Whether a pool can send; else who can't, and what becomes of the messages there. */
export function poolVerdict(members: readonly Member[]): string {
  if (members.length === 0)
    return "It has no device any more, so nothing can be sent from it. Edit it and choose some.";
  const unable = members.filter((member) => !canSend(member));
  if (unable.length === 0)
    return members.length === 1
      ? "Its device can send."
      : `All ${counted(members.length, "device")} can send.`;
  const who = listed(unable.map(whySays));
  return unable.length === members.length
    ? `None of its devices can send: ${who}. Its messages wait.`
    : `${formatCount(members.length - unable.length)} of ${counted(members.length, "device")} can send; not ${who}.`;
}

/** "one, two, three, and 4 more" */
function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  const named = names.slice(0, MOST_NAMED).join(", ");
  return more > 0 ? `${named}, and ${formatCount(more)} more` : named;
}

export function namesOf(members: readonly Member[]): string {
  return members.length === 0 ? "–" : listed(members.map(({ name }) => name));
}

function whySays({ name, state, lane }: Member): string {
  const paused = (state === "connected" || state === "restricted") && lane?.paused === true;
  return `${name} (${paused ? "paused" : wordOf(state).toLowerCase()})`;
}

/** What the list answers first. */
export function poolsVerdict(pools: readonly (readonly Member[])[]): string {
  const stopped = pools.filter((members) => poolRole(members) === "needs-you").length;
  const missing = pools.filter((members) => poolRole(members) === "waiting").length;
  const all = counted(pools.length, "pool");
  if (stopped > 0) return `${formatCount(stopped)} of ${all} can’t send.`;
  if (missing > 0 && pools.length === 1) return "The pool can send, but not from all its devices.";
  if (missing > 0)
    return `${all}, and each can send; ${formatCount(missing)} not from all devices.`;
  return pools.length === 1 ? "The pool can send." : `All ${all} can send.`;
}

export interface PoolForm {
  readonly name: string;
  readonly strategy: Strategy;
  /** Ids, in the order in which `in_order` tries them. */
  readonly devices: readonly string[];
}

export const NEW_POOL: PoolForm = { name: "", strategy: "balanced", devices: [] };

/** What is wrong with a pool as it is typed, if anything. */
export function wrongPool({ name, devices }: PoolForm): string | undefined {
  if (name.trim() === "") return "Give it a name: it is how you find it again.";
  if (Array.from(name.trim()).length > 100) return "The name has at most 100 characters.";
  if (devices.length === 0) return "Choose at least one device.";
  return undefined;
}

/** What a change of a pool has to say: what is as before is left out. */
export function changesOf(before: PoolForm, after: PoolForm): Partial<PoolForm> {
  const name = after.name.trim();
  return {
    ...(name === before.name ? {} : { name }),
    ...(after.strategy === before.strategy ? {} : { strategy: after.strategy }),
    ...(after.devices.join() === before.devices.join() ? {} : { devices: after.devices }),
  };
}

/** One place nearer to the beginning. */
export function movedUp(devices: readonly string[], id: string): readonly string[] {
  const at = devices.indexOf(id);
  if (at < 1) return devices;
  const rest = devices.toSpliced(at, 1);
  return rest.toSpliced(at - 1, 0, id);
}

/** Devices whose name or id has the text in it. */
export function found<Device extends Member>(
  devices: readonly Device[],
  text: string,
): readonly Device[] {
  const wanted = text.trim().toLowerCase();
  return devices.filter(
    ({ device_id: id, name }) => id.includes(wanted) || name.toLowerCase().includes(wanted),
  );
}
