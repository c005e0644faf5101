import type { Device } from "@pombo/device";
import type { DeviceId, Failure } from "@pombo/domain";
import type { DeviceReply, DeviceRequest, Ledger } from "@pombo/ledger";
import { checkContacts } from "./check-contacts.ts";
import { type KeepDeps, keepInboundMedia } from "./keep-inbound-media.ts";

export interface RequestDeps extends Omit<KeepDeps, "ledger" | "device"> {
  readonly deviceId: DeviceId;
  readonly ledger: KeepDeps["ledger"] &
    Pick<Ledger, "nextRequest" | "reply" | "setWanted" | "rememberRecipient" | "receive">;
  readonly device: Pick<
    Device,
    | "checkRecipient"
    | "connect"
    | "disconnect"
    | "download"
    | "group"
    | "groups"
    | "logout"
    | "pairingCode"
    | "history"
  >;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Questions to WhatsApp: sending goes on meanwhile. The others change the device, one after the other. */
const QUESTIONS: ReadonlySet<DeviceRequest["kind"]> = new Set([
  "groups",
  "group",
  "check-contacts",
  "history-sync",
  "fetch-media",
]);

/** Does what the API asked the owner of the device to do, oldest first. A request whose time is over has nobody who waits. */
export async function answerRequests(deps: RequestDeps): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const request = await deps.ledger.nextRequest(deps.deviceId);
    if (request === undefined) return;
    if (request.deadline < deps.now()) continue;
    const replied = reply(request, deps);
    if (QUESTIONS.has(request.kind)) replied.catch(deps.onError);
    // oxlint-disable-next-line no-await-in-loop
    else await replied;
  }
}

async function reply(request: DeviceRequest, deps: RequestDeps): Promise<void> {
  const { ledger, deviceId, onError } = deps;
  const replied = await answer(request, deps).catch((error: unknown) => {
    onError(error);
    return failed({ code: "DEVICE_ERROR", detail: "the request broke" });
  });
  await ledger.reply(deviceId, request.id, replied);
}

async function answer(request: DeviceRequest, deps: RequestDeps): Promise<DeviceReply> {
  switch (request.kind) {
    case "connect":
      await deps.ledger.setWanted(deps.deviceId, "connected");
      deps.device.connect();
      return { kind: "done", data: {} };
    case "disconnect":
      await deps.ledger.setWanted(deps.deviceId, "disconnected");
      await deps.device.disconnect();
      return { kind: "done", data: {} };
    case "logout": {
      await deps.ledger.setWanted(deps.deviceId, "disconnected");
      const end = await deps.device.logout();
      return end.kind === "failed" ? failed(end.failure) : { kind: "done", data: {} };
    }
    case "pairing-code": {
      await deps.ledger.setWanted(deps.deviceId, "connected");
      const end = await deps.device.pairingCode(request.phone ?? "");
      return end.kind === "failed"
        ? failed(end.failure)
        : { kind: "done", data: { code: end.code, expires_at: end.expiresAt } };
    }
    case "groups":
    case "group":
    case "check-contacts":
    case "history-sync":
    case "fetch-media":
      return ask({ ...request, kind: request.kind }, deps);
  }
}

async function ask(
  request: DeviceRequest & {
    readonly kind: "groups" | "group" | "check-contacts" | "history-sync" | "fetch-media";
  },
  deps: RequestDeps,
): Promise<DeviceReply> {
  const { deviceId, device, ledger, now } = deps;
  switch (request.kind) {
    case "groups": {
      const found = await device.groups();
      return found.kind === "failed"
        ? failed(found.failure)
        : { kind: "done", data: { groups: found.groups } };
    }
    case "group": {
      const found = await device.group(request.jid ?? "");
      return found.kind === "failed"
        ? failed(found.failure)
        : { kind: "done", data: { group: found.group } };
    }
    case "check-contacts": {
      const until = request.deadline;
      const found = await checkContacts(request.numbers ?? [], { device, ledger, now, until });
      return { kind: "done", data: { found } };
    }
    case "history-sync": {
      const { before, count = 50, jid = "" } = request;
      const wish = { jid, count, ...(before === undefined ? {} : { before }) };
      const asked = await device.history(wish);
      if (asked.kind === "failed") return failed(syncFailure(asked.failure));
      for (const message of asked.messages ?? [])
        // oxlint-disable-next-line no-await-in-loop -- in order
        await ledger.receive(deviceId, message, now(), { old: true });
      return { kind: "done", data: { messages: asked.messages?.length ?? null } };
    }
    case "fetch-media": {
      const { messageId = "", mediaId } = request;
      if (mediaId === undefined) return failed({ code: "MESSAGE_NOT_FOUND", detail: "" });
      const failure = await keepInboundMedia({ deviceId, messageId, mediaId }, deps);
      return failure === undefined ? { kind: "done", data: {} } : failed(failure);
    }
  }
}

/** A device that is away says so; everything else is a sync that failed. */
function syncFailure({ code, detail }: Failure): Pick<Failure, "code" | "detail"> {
  const away = code === "DEVICE_NOT_READY" || code === "DEVICE_DISCONNECTED";
  return { code: away ? code : "SYNC_REQUEST_FAILED", detail };
}

function failed({ code, detail }: Pick<Failure, "code" | "detail">): DeviceReply {
  return { kind: "failed", code, detail };
}
