import type { ErrorCode, Failure } from "@pombo/domain";
import {
  extractDeviceJids,
  jidDecode,
  jidNormalizedUser,
  USyncQuery,
  type USyncQueryResultList,
  USyncUser,
  type WASocket,
} from "@whiskeysockets/baileys";
import type { DeviceCaches } from "./baileys-options.ts";
import { classifyRejection } from "./classify.ts";

export type RecipientCheck =
  /** `lid` in full (`…@lid`). */
  | { readonly kind: "exists"; readonly jid: string; readonly lid?: string }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Refusals that may be about the question as it was put. */
const PUT_DIFFERENTLY: ReadonlySet<ErrorCode> = new Set([
  "SEND_REJECTED",
  "SEND_FAILED",
  "RECIPIENT_REFUSED",
]);

/**
 * Asks WhatsApp whether a number is registered, and with the same question for its LID and its devices, so that the first message
 * needs no other. A number that isn't registered is listed as not being a contact; a question that timed out has no answer
 * at all. Where WhatsApp refuses so broad a question, it is asked again without the devices.
 */
export async function checkRecipient(
  wa: WASocket,
  digits: string,
  caches: Pick<DeviceCaches, "userDevices">,
): Promise<RecipientCheck> {
  const broad = await ask(wa, digits, { devices: true });
  const narrow = broad.kind === "failed" && PUT_DIFFERENTLY.has(broad.failure.code);
  const told = narrow ? await ask(wa, digits, { devices: false }) : broad;
  if (told.kind !== "found") return told;
  const { user } = told;
  if (typeof user["lid"] !== "string") return { kind: "exists", jid: user.id };
  const lid = jidNormalizedUser(user["lid"]);
  try {
    // One write to the store. Baileys locks a type of record by its name to read it: a lock of that name would never be had.
    await wa.authState.keys.transaction(async () => {
      await wa.signalRepository.lidMapping.storeLIDPNMappings([{ lid, pn: user.id }]);
      await rememberDevices(wa, user, caches);
    }, "check-recipient");
  } catch (error) {
    return { kind: "failed", failure: classifyRejection(error) };
  }
  return { kind: "exists", jid: user.id, lid };
}

type Told =
  | { readonly kind: "found"; readonly user: USyncQueryResultList }
  | Exclude<RecipientCheck, { kind: "exists" }>;

async function ask(
  wa: WASocket,
  digits: string,
  { devices }: { readonly devices: boolean },
): Promise<Told> {
  const query = new USyncQuery()
    .withContactProtocol()
    .withLIDProtocol()
    .withUser(new USyncUser().withPhone(`+${digits}`));
  if (devices) query.withDeviceProtocol();
  try {
    const answer = await wa.executeUSyncQuery(query);
    if (answer === undefined) return { kind: "failed", failure: NO_ANSWER };
    const user = answer.list.find((listed) => listed["contact"] === true);
    return user === undefined ? { kind: "absent" } : { kind: "found", user };
  } catch (error) {
    return { kind: "failed", failure: classifyRejection(error) };
  }
}

/**
 * Keeps the devices where Baileys looks for them, in the form that it keeps them in. Only of somebody without a session: Baileys' own
 * device query also begins a new session, which heals one that a crash has left behind what the phone has seen.
 */
async function rememberDevices(
  wa: WASocket,
  user: USyncQueryResultList,
  { userDevices }: Pick<DeviceCaches, "userDevices">,
): Promise<void> {
  const name = jidDecode(user.id)?.user;
  const me = wa.user;
  if (name === undefined || me === undefined) return;
  const devices = extractDeviceJids([user], me.id, me.lid ?? "", false);
  if (devices.length === 0 || (await wa.signalRepository.validateSession(user.id)).exists) return;
  const ids = devices.map(({ device }) => String(device ?? 0));
  await wa.authState.keys.set({ "device-list": { [name]: ids } });
  await userDevices.set(name, devices);
}

const NO_ANSWER: Failure = { code: "CLIENT_ERROR", detail: "WhatsApp did not answer in time" };
