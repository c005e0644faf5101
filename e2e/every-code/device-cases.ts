import { eventually } from "../eventually.ts";
import type { Dialect } from "@pombo/domain";
import type { Answered, Bound, Stage } from "./stage.ts";
import { type Coverage, everywhere, type Provoke, provoked, unmet } from "./table.ts";

/** A device that nobody has paired yet. */
async function unpaired(stage: Stage): Promise<Bound> {
  const made = await stage.ask("POST", "/v1/devices", { body: { name: "unpaired" } });
  const id = String(made.body["device_id"]);
  const key = await stage.addKey(["messages:send", "devices:manage"], id);
  return { id, key, phone: `5531990${id.slice(-6).replaceAll(/\D/g, "7")}` };
}

const notReady: Provoke = async (stage, dialect) => {
  const device = await unpaired(stage);
  if (dialect === "native") return stage.ask("GET", `/v1/devices/${device.id}/qr`);
  return stage.send(dialect, device);
};

const disconnected: Provoke = async (stage, dialect) => {
  const device = await stage.freshDevice();
  await stage.ask("POST", `/v1/devices/${device.id}/disconnect`);
  await become(stage, device.id, "disconnected");
  return askOf(stage, dialect, device);
};

/** What needs the device at once: in the native dialect that is no message. */
function askOf(stage: Stage, dialect: Dialect, device: Bound): Promise<Answered> {
  return dialect === "native"
    ? stage.ask("GET", `/v1/devices/${device.id}/groups`)
    : stage.send(dialect, device);
}

function become(stage: Stage, id: string, ...states: readonly string[]): Promise<unknown> {
  return eventually(
    () => stage.pombo.device(id),
    ({ state }) => states.includes(state),
    30_000,
  );
}

/** WhatsApp locks the account at its next login. */
const blocked: Provoke = async (stage, dialect) => {
  const device = await stage.freshDevice();
  const match = { device: device.phone };
  await stage.pombo.fault("login", { failure: 403 }, { match, times: 5 });
  await stage.pombo.fault("socket", "close", { match });
  await become(stage, device.id, "blocked");
  await stage.pombo.control("DELETE", "/admin/faults");
  return askOf(stage, dialect, device);
};

/** A phone that wants a passkey at the end of its pairing. */
const passkey: Provoke = async (stage, dialect) => {
  const device = await unpaired(stage);
  const settings = { passkey: true };
  await stage.pombo.control("POST", `/admin/phones/${device.phone}/settings`, settings);
  await stage.ask("POST", `/v1/devices/${device.id}/connect`);
  await eventually(
    async () => {
      const { qr } = (await stage.ask("GET", `/v1/devices/${device.id}/qr`)).body;
      const scan = `/admin/mock-phone/scan-qr?phone=${device.phone}`;
      return stage.pombo.control("POST", scan, qr).then(() => "scanned", String);
    },
    (seen) => seen.includes("passkey"),
    60_000,
  );
  await become(stage, device.id, "disconnected");
  return askOf(stage, dialect, device);
};

/** WhatsApp does not start a pairing. */
const refusedCode: Provoke = async (stage, dialect) => {
  const device = await unpaired(stage);
  await stage.pombo.fault("handshake", "stall", { times: 5 });
  const body = { phone: device.phone };
  const answer =
    dialect === "native"
      ? await stage.ask("POST", `/v1/devices/${device.id}/pairing-code`, { body })
      : await stage.ask("POST", "/paircode", { key: device.key, body });
  await stage.pombo.control("DELETE", "/admin/faults");
  return answer;
};

/** The phone is asked for older messages, and WhatsApp refuses the question. */
const refusedSync: Provoke = async (stage) => {
  const { id, phone } = await stage.freshDevice();
  await stage.pombo.fault("message", { nack: 500 }, { match: { device: phone }, times: 5 });
  const body = { chat: stage.someone() };
  return stage.ask("POST", `/v1/devices/${id}/history-sync`, { body });
};

/** What is wrong with a device or its account, while the supervisor's worker lives. */
export const DEVICE_CASES: Coverage = {
  DEVICE_NOT_READY: everywhere(notReady),
  DEVICE_DISCONNECTED: everywhere(disconnected),
  ACCOUNT_BLOCKED: everywhere(blocked),
  PAIRING_UNSUPPORTED: everywhere(passkey),
  UPSTREAM_FAILED: { cells: { native: provoked(refusedCode), wuts: provoked(refusedCode) } },
  SYNC_REQUEST_FAILED: { cells: { native: provoked(refusedSync), wuts: unmet } },
};

/** A worker that keeps nothing of what it is told about a recipient. */
const forgetful: Provoke = async (stage, dialect) => {
  await using _worker = await stage.outside("worker", { POMBO_RECIPIENT_KNOWN_MS: "0" });
  await become(stage, stage.device.id, "connected");
  return await stage.send(dialect, stage.device);
};

/** An owner that says nothing. */
const silentOwner: Provoke = async (stage) => {
  await using worker = await stage.outside("worker", {});
  await become(stage, stage.device.id, "connected");
  await using hasty = await stage.outside("api", { POMBO_DEVICE_REQUEST_WAIT_MS: "500" });
  worker.kill("SIGSTOP");
  const path = `/v1/devices/${stage.device.id}/groups`;
  const answer = await stage.ask("GET", path, { url: hasty.url });
  worker.kill("SIGCONT");
  return answer;
};

/** A worker whose key is not the one that the credentials were sealed with. */
const otherKey: Provoke = async (stage, dialect) => {
  const device = stage.spares.pop() ?? stage.device;
  await using _worker = await stage.outside("worker", {
    POMBO_CREDENTIALS_KEY: `other:${Buffer.alloc(32, 7).toString("base64")}`,
  });
  await eventually(
    () => stage.pombo.device(device.id),
    ({ cause }) => cause === "credentials_unreadable",
    30_000,
  );
  return await askOf(stage, dialect, device);
};

const nobody: Provoke = async (stage, dialect) => {
  const { redis } = await stage.pombo.living();
  process.kill(redis, "SIGSTOP");
  try {
    return await stage.send(dialect, stage.device);
  } finally {
    process.kill(redis, "SIGCONT");
  }
};

/** With workers of our own, one at a time: the supervisor's is gone. */
export const WORKER_CASES: Coverage = {
  DEVICE_ERROR: everywhere(forgetful, { native: provoked(silentOwner) }),
  CREDENTIALS_UNREADABLE: everywhere(otherKey),
  POISONED: {
    cells: {},
    async lastError(stage) {
      const id = await stage.pombo.send(stage.someone(), "poison");
      for (const _death of [1, 2, 3]) {
        // oxlint-disable-next-line no-await-in-loop -- one life after the other
        await using dying = await stage.outside("worker", { POMBO_FAULT_POINT: "begun" });
        // oxlint-disable-next-line no-await-in-loop
        await dying.ended;
      }
      await using _next = await stage.outside("worker", {});
      const end = await stage.pombo.until(id, ({ status }) => status === "failed", 60_000);
      return end.last_error?.error_code;
    },
  },
  SERVICE_UNAVAILABLE: everywhere(nobody),
};
