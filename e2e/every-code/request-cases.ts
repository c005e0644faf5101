import type { Dialect } from "@pombo/domain";
import { onceKey, type Stage } from "./stage.ts";
import { type Coverage, everywhere, type Provoke, provoked, unmet } from "./table.ts";

const SEND_PATH = {
  native: "/v1/messages",
  wuts: "/send/text",
  session: "/api/v1/messages/text",
} as const satisfies Record<Dialect, string>;

const ABSENT_PATH = {
  native: "/v1/nothing",
  wuts: "/nothing",
  session: "/api/v1/nothing",
} as const satisfies Record<Dialect, string>;

/** Where no file may be, a body may have 1 MiB. */
const LARGE = `{"text":"${"x".repeat(2_000_000)}"}`;

function post(body: unknown, headers: Record<string, string> = {}): Provoke {
  return (stage, dialect) =>
    stage.ask("POST", SEND_PATH[dialect], { key: stage.device.key, body, headers });
}

const absentMessage = "3EB0000000000000000000";

/** The same key with another body. */
const reuse: Provoke = async (stage, dialect) => {
  const headers = { "idempotency-key": onceKey() };
  const to = stage.someone();
  await stage.send(dialect, stage.device, { to, headers });
  return stage.send(dialect, stage.device, { to, headers, text: "another" });
};

/** An API that died with the claim in its hand. */
function inProgress(
  method: string,
  ask: (target: string) => { readonly path: string; readonly body?: object },
): Provoke {
  return async (stage) => {
    const sent = await stage.send("native", stage.device);
    const { path, body } = ask(String(sent.body["message_id"]));
    const init = { headers: { "idempotency-key": onceKey() }, ...(body ? { body } : {}) };
    await using dying = await stage.outside("api", { POMBO_API_FAULT_POINT: "claimed" });
    await stage.ask(method, path, { ...init, url: dying.url }).catch(() => undefined);
    await dying.ended;
    return stage.ask(method, path, init);
  };
}

/** A process in which a defect of ours is met before anything is accepted. */
const crash: Provoke = async (stage, dialect) => {
  await using broken = await stage.outside("api", { POMBO_API_FAULT_POINT: "asked" });
  return await stage.send(dialect, stage.device, { url: broken.url });
};

/** The second request of a key to an API that gives it one. */
const tooMany: Provoke = async (stage, dialect) => {
  const key = await stage.addKey(["messages:send"], stage.device.id);
  await using strict = await stage.outside("api", { POMBO_RATE_LIMIT_REQUESTS: "1" });
  const again = () => stage.ask("POST", SEND_PATH[dialect], { key, body: {}, url: strict.url });
  await again();
  return await again();
};

async function removedDevice(stage: Stage) {
  const made = await stage.ask("POST", "/v1/devices", { body: { name: "gone" } });
  const id = String(made.body["device_id"]);
  const key = await stage.addKey(["messages:send"], id);
  await stage.ask("DELETE", `/v1/devices/${id}`);
  return { id, key };
}

/** What is wrong with a request, whatever it is about. */
export const REQUEST_CASES: Coverage = {
  INVALID_JSON: everywhere(post("{")),
  INVALID_REQUEST_FORMAT: everywhere(post("[]")),
  VALIDATION_ERROR: everywhere(post({})),
  INVALID_CHAT_JID: everywhere((stage, dialect) =>
    stage.send(dialect, stage.device, { to: "somebody@somewhere" }),
  ),
  MISSING_REQUIRED_FIELDS: {
    cells: {
      native: provoked((stage) =>
        stage.ask("POST", "/v1/messages", {
          body: {
            from: stage.device.id,
            to: stage.someone(),
            reaction: { message_id: "", emoji: "👍" },
          },
        }),
      ),
      wuts: provoked((stage) =>
        stage.ask("DELETE", "/messages/delete", { key: stage.device.key, body: {} }),
      ),
      session: unmet,
    },
  },
  UNAUTHORIZED: everywhere((stage, dialect) =>
    stage.ask("POST", SEND_PATH[dialect], { key: null, body: {} }),
  ),
  INVALID_API_KEY: everywhere((stage, dialect) =>
    stage.ask("POST", SEND_PATH[dialect], { key: "pombo_c0_0123456789abcdef0", body: {} }),
  ),
  FORBIDDEN: everywhere(async (stage, dialect) => {
    const key = await stage.addKey(["messages:read"], stage.device.id);
    return stage.ask("POST", SEND_PATH[dialect], { key, body: {} });
  }),
  NO_SESSION: {
    cells: {
      session: provoked(async (stage) => {
        const key = await stage.addKey(["messages:send"]);
        return stage.send("session", { id: "", key });
      }),
    },
  },
  NOT_FOUND: everywhere((stage, dialect) => stage.ask("GET", ABSENT_PATH[dialect])),
  DEVICE_NOT_FOUND: everywhere(async (stage, dialect) =>
    stage.send(dialect, await removedDevice(stage)),
  ),
  BATCH_NOT_FOUND: {
    cells: {
      native: provoked((stage) => stage.ask("GET", "/v1/batches/bat_00000000000")),
      wuts: unmet,
      session: unmet,
    },
  },
  MESSAGE_NOT_FOUND: {
    cells: {
      native: provoked((stage) => stage.ask("GET", `/v1/messages/${absentMessage}`)),
      wuts: provoked((stage) =>
        stage.ask("DELETE", "/messages/delete", {
          key: stage.device.key,
          body: { messageId: absentMessage, chatJid: "5511999999999@s.whatsapp.net" },
        }),
      ),
      session: provoked((stage) =>
        stage.ask("GET", `/api/v1/messages/${absentMessage}`, { key: stage.device.key }),
      ),
    },
  },
  METHOD_NOT_ALLOWED: everywhere((stage, dialect) => stage.ask("PUT", SEND_PATH[dialect])),
  PAYLOAD_TOO_LARGE: everywhere(post(LARGE), {
    native: provoked((stage) => stage.ask("POST", "/v1/devices", { body: LARGE })),
  }),
  UNSUPPORTED_MEDIA_TYPE: everywhere(post("hello", { "content-type": "text/plain" })),
  CONFLICT: {
    cells: {
      native: provoked((stage) => stage.ask("POST", `/v1/devices/${stage.device.id}/connect`)),
      wuts: provoked((stage) => stage.ask("POST", "/connect", { key: stage.device.key })),
      session: unmet,
    },
  },
  IDEMPOTENCY_KEY_REUSED: everywhere(reuse),
  IDEMPOTENCY_KEY_IN_PROGRESS: {
    cells: {
      native: provoked(
        inProgress("PATCH", (id) => ({ path: `/v1/messages/${id}`, body: { text: "better" } })),
      ),
      wuts: provoked(inProgress("POST", () => ({ path: "/devices", body: { name: "another" } }))),
      session: unmet,
    },
  },
  INTERNAL_ERROR: everywhere(crash),
  RATE_LIMITED: everywhere(tooMany),
};
