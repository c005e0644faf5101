import type { Dialect } from "@pombo/domain";
import { eventually } from "../eventually.ts";
import type { Bound, Stage } from "./stage.ts";
import { type Coverage, everywhere, type Provoke, provoked, unmet } from "./table.ts";

/** What WhatsApp answers to a message, so often. */
function nacked(nack: number, times = 1): Provoke {
  return async (stage, dialect) => {
    const to = stage.someone();
    await stage.pombo.fault("message", { nack }, { match: { to }, times });
    return stage.send(dialect, stage.device, { to });
  };
}

const suppressed: Provoke = async (stage, dialect) => {
  const to = stage.someone();
  await stage.ask("POST", "/v1/suppressions", { body: { to } });
  return stage.send(dialect, stage.device, { to });
};

/** A refused question about the recipient. */
function refusedQuestion(action: unknown, times: number): Provoke {
  return async (stage, dialect) => {
    const from = await stage.freshDevice();
    const match = { device: from.phone, xmlns: "usync" };
    await stage.pombo.fault("iq", action, { match, times });
    const answer = await stage.send(dialect, from);
    await stage.pombo.control("DELETE", "/admin/faults");
    return answer;
  };
}

const SLOW_DOWN = { iq_error: { code: 429, text: "rate-overlimit" } };

const throttledGroups: Provoke = async (stage) => {
  const { id, phone } = await stage.freshDevice();
  const match = { device: phone, xmlns: "w:g2" };
  await stage.pombo.fault("iq", SLOW_DOWN, { match, times: 5 });
  return stage.ask("GET", `/v1/devices/${id}/groups`);
};

/** A device that sends so slowly that its second message waits. */
async function slowDevice(stage: Stage): Promise<Bound> {
  const device = await stage.freshDevice();
  await stage.ask("PATCH", `/v1/devices/${device.id}`, { body: { pace: { gap_ms: 60_000 } } });
  await stage.send("wuts", device);
  return device;
}

/** Canceled by somebody else while its client waits. */
const canceled: Provoke = async (stage, dialect) => {
  const device = await slowDevice(stage);
  const answer = stage.send(dialect, device);
  const id = await waitingAt(stage, device);
  await stage.ask("POST", `/v1/messages/${id}/cancel`);
  return answer;
};

/** The event log tells the id of the message that a request is waiting for. */
function waitingAt(stage: Stage, { id }: Bound): Promise<string> {
  const path = `/v1/events?after=0&limit=1000&type=message.queued&device_id=${id}`;
  return eventually(
    async () => {
      const { body } = await stage.ask("GET", path);
      const events = body["events"] as readonly { readonly data: { message_id?: string } }[];
      const last = events.at(-1)?.data.message_id ?? "";
      return last !== "" && (await stage.pombo.message(last)).status === "queued" ? last : "";
    },
    (found) => found !== "",
  );
}

/** So many events that the log, which keeps them for seconds, loses its beginning. */
const shortLog: Provoke = async (stage) => {
  const made = await stage.ask("POST", "/v1/devices", { body: { name: "talkative" } });
  const body = { from: made.body["device_id"], text: "hello" };
  for (let round = 0; round < 10; round += 1)
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    await Promise.all(
      Array.from({ length: 20 }, () =>
        stage.ask("POST", "/v1/messages", { body: { ...body, to: stage.someone() } }),
      ),
    );
  return eventually(
    () => stage.ask("GET", "/v1/events?after=1-0&limit=1"),
    ({ status }) => status !== 200,
    80_000,
  );
};

const notOnWhatsApp: Provoke = async (stage, dialect) => {
  const to = stage.someone();
  await stage.pombo.control("POST", `/admin/phones/${to}/settings`, { on_whatsapp: false });
  return stage.send(dialect, stage.device, { to });
};

/** A device of its own: its cold sends are held afterwards. */
function restricted(times: number): Provoke {
  return async (stage, dialect) => {
    const from = await stage.freshDevice();
    const to = stage.someone();
    await stage.pombo.fault("message", { nack: 463 }, { match: { to }, times });
    return stage.send(dialect, from, { to });
  };
}

const expired: Provoke = async (stage) => {
  const { id } = await stage.freshDevice();
  await stage.ask("POST", `/v1/devices/${id}/lane/pause`);
  const body = { from: id, to: stage.someone(), text: "hello", ttl_s: 1 };
  return stage.ask("POST", "/v1/messages", { body, headers: { prefer: "wait=30" } });
};

/** A message that was sent, and the deletion or edit of it. */
async function sentTo(stage: Stage, to: string): Promise<string> {
  const sent = await stage.send("native", stage.device, { to });
  return String(sent.body["message_id"]);
}

function change(method: "DELETE" | "PATCH", nack: number | undefined): Provoke {
  return async (stage, dialect) => {
    const to = stage.someone();
    const id = await sentTo(stage, to);
    if (nack !== undefined)
      await stage.pombo.fault("message", { nack }, { match: { to }, times: 10 });
    const late = nack === undefined ? await stage.outside("api", NO_WINDOW) : undefined;
    const url = late === undefined ? {} : { url: late.url };
    const answer = await askToChange(stage, { method, id, to, url, wuts: dialect === "wuts" });
    await late?.[Symbol.asyncDispose]();
    await stage.pombo.control("DELETE", "/admin/faults");
    return answer;
  };
}

/** An API whose windows are over as soon as a message is sent. */
const NO_WINDOW = { POMBO_DELETE_WINDOW_MS: "1", POMBO_EDIT_WINDOW_MS: "1" };

function askToChange(
  stage: Stage,
  asked: {
    readonly method: "DELETE" | "PATCH";
    readonly id: string;
    readonly to: string;
    readonly url: { readonly url?: string };
    readonly wuts: boolean;
  },
) {
  const { method, id, to, url, wuts } = asked;
  if (wuts) {
    const body = { messageId: id, chatJid: `${to}@s.whatsapp.net` };
    return stage.ask("DELETE", "/messages/delete", { ...url, key: stage.device.key, body });
  }
  const text = method === "PATCH" ? { body: { text: "better" } } : {};
  const headers = { prefer: "wait=30" };
  return stage.ask(method, `/v1/messages/${id}`, { ...url, ...text, headers });
}

/** A picture in a dialect that has them. */
function sendImage(
  stage: Stage,
  dialect: Dialect,
  { from, image }: { readonly from: Bound; readonly image: { readonly [source: string]: string } },
) {
  const to = stage.someone();
  if (dialect === "wuts") {
    const given =
      image["url"] === undefined ? { image: image["base64"] } : { image_url: image["url"] };
    return stage.ask("POST", "/send/image", { key: from.key, body: { number: to, ...given } });
  }
  const headers = { prefer: "wait=60" };
  return stage.ask("POST", "/v1/messages", { headers, body: { from: from.id, to, image } });
}

/** Nobody listens there. */
const unreachable: Provoke = (stage, dialect) =>
  sendImage(stage, dialect, { from: stage.device, image: { url: "http://127.0.0.1:9/a.png" } });

const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** WhatsApp's media hosts take nothing. */
const noUpload: Provoke = async (stage, dialect) => {
  const from = await stage.freshDevice();
  await stage.pombo.fault("media", "close", { times: 100 });
  return sendImage(stage, dialect, { from, image: { base64: PIXEL } });
};

/** What can become of a message. */
export const MESSAGE_CASES: Coverage = {
  DELETE_TIME_EXPIRED: {
    cells: {
      native: provoked(change("DELETE", undefined)),
      wuts: provoked(change("DELETE", undefined)),
    },
  },
  EDIT_TIME_EXPIRED: { cells: { native: provoked(change("PATCH", undefined)), wuts: unmet } },
  DELETE_FAILED: {
    cells: { native: provoked(change("DELETE", 400)), wuts: provoked(change("DELETE", 400)) },
  },
  EDIT_FAILED: { cells: { native: provoked(change("PATCH", 400)), wuts: unmet } },
  RECIPIENT_NOT_ON_WHATSAPP: everywhere(notOnWhatsApp),
  RECIPIENT_SUPPRESSED: everywhere(suppressed),
  RECIPIENT_REFUSED: everywhere(nacked(403, 2)),
  SEND_REJECTED: everywhere(nacked(400)),
  STALE_ADDRESSING: everywhere(nacked(479, 2)),
  SEND_FAILED: everywhere(nacked(500, 6)),
  MESSAGE_EXPIRED: { cells: { native: provoked(expired), wuts: unmet, session: unmet } },
  MESSAGE_CANCELED: everywhere(canceled),
  ACCOUNT_RESTRICTED: everywhere(restricted(2)),
  THROTTLED: everywhere(refusedQuestion(SLOW_DOWN, 1), { native: provoked(throttledGroups) }),
  CLIENT_ERROR: everywhere(refusedQuestion("drop", 20)),
  MEDIA_UNACCEPTABLE: {
    cells: { native: provoked(unreachable), wuts: provoked(unreachable), session: unmet },
  },
  MEDIA_UPLOAD_FAILED: {
    cells: { native: provoked(noUpload), wuts: provoked(noUpload), session: unmet },
  },
  CURSOR_EXPIRED: { cells: { native: provoked(shortLog) } },
  OUTCOME_UNKNOWN: {
    cells: {},
    async lastError(stage) {
      const to = stage.someone();
      const silent = { delivery_receipts: false, read_receipts: false };
      await stage.pombo.control("POST", `/admin/phones/${to}/settings`, silent);
      await stage.pombo.fault("message", "no_ack", { match: { to }, times: 10 });
      const id = await stage.pombo.send(to, "silence");
      const end = await stage.pombo.until(id, ({ status }) => status === "failed", 60_000);
      await stage.pombo.control("DELETE", "/admin/faults");
      return end.last_error?.error_code;
    },
  },
};
