import { randomBytes } from "node:crypto";
import { DEFAULT_SETTINGS, type DeviceId, mintMessageId } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import type { Message } from "../pombo.ts";
import { most, type Samples, total } from "./scrape.ts";
import { all, attention, type Cause, hasArrived, quiet, rises, type Stage } from "./stage.ts";

const isOver = (message: Message): boolean => hasArrived(message) || message.status === "failed";

const HOURS_4 = 14_400;
const unanswered: string[] = [];

/** What happens to messages, devices, lanes and webhooks; one after the other. */
export const TRAFFIC_CAUSES: readonly Cause[] = [
  {
    alert: "PomboHold",
    async provoke({ pombo, someone, freshDevice }) {
      const { id: from, phone } = await freshDevice();
      const restricted_until = Math.ceil(Date.now() / 1_000) + 600;
      await pombo.control("POST", `/admin/phones/${phone}/settings`, { restricted_until });
      await pombo.send(someone(), "cold", { from });
    },
    shows: attention("hold"),
  },
  {
    alert: "PomboDeadLettersRising",
    async provoke({ pombo, someone }) {
      await pombo.fault("message", { nack: 400 }, { times: 6 });
      await all(6, () => pombo.send(someone(), "refused"));
    },
    shows: (now) => attention("dead_letters_rising")(now) && most(now, "pombo_dead_letters") >= 6,
  },
  {
    alert: "PomboOutcomesUnknown",
    async provoke({ pombo, someone }) {
      await pombo.fault("message", "no_ack", { times: 90 });
      // A receipt would prove it as well.
      await pombo.fault("receipt", "drop", { times: 90 });
      unanswered.push(...(await all(8, () => pombo.send(someone(), "no answer"))));
    },
    shows: (now) => most(now, "pombo_messages_lately", 'status="unknown"') >= 8,
    // Receipts that still come would prove that somebody acks.
    async mend({ pombo }) {
      await pombo.control("DELETE", "/admin/faults");
      await Promise.all(unanswered.map((id) => pombo.until(id, isOver, 60_000)));
    },
  },
  {
    alert: "PomboNoAcks",
    // The first one makes the series, the others let it rise.
    async prepare({ pombo, someone, scrape }) {
      await pombo.fault("message", "no_ack", { times: 90 });
      // A receipt would prove it as well.
      await pombo.fault("receipt", "drop", { times: 90 });
      await pombo.send(someone(), "no answer");
      const seen = (now: Samples) => most(now, "pombo_jobs_total", 'end="reconcile"') > 0;
      await eventually(scrape, seen);
    },
    provoke: ({ pombo, someone }) => all(12, () => pombo.send(someone(), "no answer either")),
    shows: rises(11, "pombo_jobs_total", 'end="reconcile"'),
    mend: ({ pombo }) => pombo.control("DELETE", "/admin/faults"),
  },
  {
    alert: "PomboAccountBlocked",
    async provoke({ pombo, freshDevice }) {
      const match = { device: (await freshDevice()).phone };
      await pombo.fault("login", { failure: 403 }, { match });
      await pombo.fault("socket", "close", { match });
    },
    shows: attention("blocked_account"),
  },
  {
    alert: "PomboDeviceLoggedOut",
    async provoke({ pombo, freshDevice }) {
      const { phone } = await freshDevice();
      await pombo.fault("socket", "unlink", { match: { device: phone } });
    },
    shows: rises(1, "pombo_devices_in_state", 'state="logged_out"'),
  },
  {
    alert: "PomboDeviceOfflineWithBacklog",
    async provoke({ pombo, someone, freshDevice }) {
      const { id: from, phone } = await freshDevice();
      const match = { device: phone };
      await pombo.fault("login", "close", { match, times: null });
      await pombo.fault("socket", "close", { match });
      const away = ({ state }: { state: string }) => state === "connecting";
      await eventually(() => pombo.device(from), away);
      await pombo.send(someone(), "later", { from });
    },
    shows: attention("offline_with_backlog"),
    mend: ({ pombo }) => pombo.control("DELETE", "/admin/faults"),
    ends: quiet("offline_with_backlog"),
  },
  {
    alert: "PomboDeviceFlapping",
    provoke: flap,
    shows: rises(10, "pombo_connections_lost_total", ""),
  },
  brokenQueue(),
  pausedLane("PomboOneTimePasswordsWait", { seconds: 30, of: "otp" }, ({ pombo, someone }, from) =>
    pombo.send(someone(), "123456", { from, priority: "otp" }),
  ),
  pausedLane("PomboBacklogOld", { seconds: HOURS_4, of: "normal" }, acceptLongAgo),
  {
    alert: "PomboWebhookParked",
    async provoke({ pombo, someone }) {
      // Port 9 of this machine: nobody is there.
      const body = { url: "http://127.0.0.1:9/", events: ["message.*"] };
      const { status } = await pombo.api("POST", "/v1/webhooks", body);
      expect(status).toBe(201);
      await pombo.send(someone(), "told to nobody");
    },
    shows: rises(1, "pombo_webhook_deliveries_total", 'verdict="park"'),
  },
  {
    alert: "PomboWebhookFailing",
    // The one before may have been left alone already.
    begins: quiet("webhook_failing"),
    provoke: ({ pombo, someone }) => all(4, () => pombo.send(someone(), "told to nobody either")),
    shows: attention("webhook_failing"),
    async mend({ pombo }) {
      type Listed = { webhooks: { webhook_id: string }[] };
      const { webhooks } = (await pombo.api<Listed>("GET", "/v1/webhooks")).body;
      for (const { webhook_id: id } of webhooks)
        // oxlint-disable-next-line no-await-in-loop -- there is one
        await pombo.api("DELETE", `/v1/webhooks/${id}`);
    },
    ends: quiet("webhook_failing"),
  },
];

/** Messages wait on a paused lane, until it is resumed. */
function pausedLane(
  alert: string,
  olderThan: { readonly seconds: number; readonly of: string },
  accept: (stage: Stage, device: string) => Promise<unknown>,
): Cause {
  const { seconds, of } = olderThan;
  const age = (now: Samples): number => most(now, "pombo_oldest_waiting_seconds", `class="${of}"`);
  let device = "";
  return {
    alert,
    async provoke(stage) {
      device = (await stage.freshDevice()).id;
      await stage.pombo.api("POST", `/v1/devices/${device}/lane/pause`);
      await accept(stage, device);
    },
    shows: (now) => age(now) > seconds,
    mend: ({ pombo }) => pombo.api("POST", `/v1/devices/${device}/lane/resume`),
    ends: (now) => now.get('up{job="pombo-api"}') === 1 && age(now) < seconds,
  };
}

/** Nobody waits for four hours here: the ledger accepts it as it would have done then. */
async function acceptLongAgo({ view, someone }: Stage, device: string): Promise<void> {
  const ledger = openLedger({ redis: view.redis, keys: view.keys, settings: DEFAULT_SETTINGS });
  const accepted = await ledger.accept({
    id: mintMessageId(randomBytes(9)),
    deviceId: device as DeviceId,
    recipient: someone(),
    content: { kind: "text", text: "accepted long ago" },
    priority: "normal",
    keyId: "key_1",
    at: Date.now() - (HOURS_4 + 60) * 1_000,
  });
  expect(accepted.kind).toBe("accepted");
}

/** What stands there in the place of the lane's jobs is no list: BullMQ can neither add nor fetch one. */
function brokenQueue(): Cause {
  let device = "";
  let message = "";
  const jobs = ({ view }: Stage): string => `${view.keys.tag}:lanes:${device}:wait`;
  return {
    alert: "PomboNothingDrains",
    async provoke(stage) {
      device = (await stage.freshDevice()).id;
      await stage.view.redis.set(jobs(stage), "restored by hand");
      message = await stage.pombo.send(stage.someone(), "stuck", { from: device });
    },
    shows: attention("unexplained_stall"),
    // As the runbook says.
    async mend(stage) {
      const { pombo, view } = stage;
      await view.redis.del(jobs(stage));
      await pombo.api("POST", `/v1/devices/${device}/disconnect`);
      await pombo.api("POST", `/v1/devices/${device}/connect`);
      await pombo.until(message, hasArrived, 30_000);
    },
    ends: quiet("unexplained_stall"),
  };
}

const lost = (now: Samples): number => total(now, "pombo_connections_lost_total");

/** The network between a worker and WhatsApp breaks, again and again. */
async function flap({ pombo, scrape, freshDevice }: Stage): Promise<void> {
  const { id, phone } = await freshDevice();
  for (let round = 0; round < 10; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const before = lost(await scrape());
    // oxlint-disable-next-line no-await-in-loop
    await pombo.fault("socket", "close", { match: { device: phone } });
    // oxlint-disable-next-line no-await-in-loop
    await eventually(scrape, (now) => lost(now) > before);
    // oxlint-disable-next-line no-await-in-loop
    await eventually(
      () => pombo.device(id),
      ({ state }) => state === "connected",
    );
  }
}
