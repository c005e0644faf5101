import type { Device } from "@pombo/device";
import type { DeviceId } from "@pombo/domain";
import type { DeviceReply, DeviceRequest, Ledger } from "@pombo/ledger";

export interface RequestDeps {
  readonly deviceId: DeviceId;
  readonly ledger: Pick<Ledger, "nextRequest" | "reply" | "setWanted">;
  readonly device: Pick<Device, "connect" | "disconnect" | "logout" | "pairingCode">;
  readonly now: () => number;
}

/** Does what the API asked the owner of the device to do, oldest first. A request whose time is over has nobody who waits. */
export async function answerRequests(deps: RequestDeps): Promise<void> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const request = await deps.ledger.nextRequest(deps.deviceId);
    if (request === undefined) return;
    if (request.deadline < deps.now()) continue;
    // oxlint-disable-next-line no-await-in-loop
    await deps.ledger.reply(deps.deviceId, request.id, await answer(request, deps));
  }
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
  }
}

function failed({
  code,
  detail,
}: {
  code: Extract<DeviceReply, { kind: "failed" }>["code"];
  detail: string;
}): DeviceReply {
  return { kind: "failed", code, detail };
}
