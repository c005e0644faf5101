import type { Dice } from "../chaos/dice.ts";
import type { PairedDevice } from "../pair-devices.ts";
import type { Pombo } from "../pombo.ts";

interface Around {
  readonly pombo: Pombo;
  readonly devices: readonly PairedDevice[];
  readonly roll: Dice;
}

/** What WhatsApp, or the way to it, does to the next messages of a device. */
const FAULTS = [
  "no_ack",
  "blackhole",
  "drop",
  "close_before_relay",
  "close_after_relay",
  { nack: 500 },
  { nack: 479 },
  { nack: 403 },
  { delay_ms: 3_000 },
] as const;

const KINDS = [
  ...(["fault", "fault", "fault", "fault", "fault", "fault", "fault"] as const),
  ...(["question", "question", "cut", "worker", "api"] as const),
];

/** Makes one trouble; what it was. */
export async function trouble({ pombo, devices, roll }: Around): Promise<string> {
  const kind = roll.pick(KINDS) ?? "fault";
  const match = { device: roll.pick(devices)?.phone };
  switch (kind) {
    case "fault": {
      const action = roll.pick(FAULTS);
      await pombo.fault("message", action, { match, times: 2 });
      return typeof action === "string" ? action : JSON.stringify(action);
    }
    case "question": {
      await pombo.fault("iq", "drop", { match: { ...match, xmlns: "usync" } });
      return "question without an answer";
    }
    case "cut":
      await pombo.control("DELETE", "/admin/connections");
      return "sockets cut";
    case "worker":
    case "api": {
      const pid = roll.pick((await pombo.living())[kind]);
      killIfThere(pid);
      return `${kind} killed`;
    }
  }
}

function killIfThere(pid: number | undefined): void {
  try {
    if (pid !== undefined && pid > 0) process.kill(pid, "SIGKILL");
  } catch {
    // It died by itself, or of an earlier trouble.
  }
}
