import { DEVICE_STATES } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { label, type Measures, type Metrics } from "@pombo/telemetry";

/** Connections that end so are ended here, and nothing is wrong with them. */
const OURS: ReadonlySet<unknown> = new Set(["cut", "not_owner"]);

/** The lines of the worker's log that are measured. */
export function workMeasures(metrics: Metrics): Measures {
  const attempts = metrics.counter({
    name: "jobs_total",
    help: "Jobs of lanes by how they ended and with which code; proved: WhatsApp acked the message",
    labels: ["end", "code"],
  });
  const attemptTime = metrics.timer({
    name: "job_seconds",
    help: "Jobs of lanes from the fetch to the outcome",
    labels: ["end"],
  });
  const leases = metrics.counter({
    name: "lease_changes_total",
    help: "Devices that this worker took, handed over, or lost to another one",
    labels: ["change"],
    begins: ["taken", "handed_over", "lost"].map((change) => ({ change })),
  });
  const states = metrics.counter({
    name: "device_changes_total",
    help: "Changes of a device's state",
    labels: ["state"],
    begins: DEVICE_STATES.map((state) => ({ state })),
  });
  const lost = metrics.counter({
    name: "connections_lost_total",
    help: "Connections to WhatsApp that were open and ended, though nobody here ended them",
    labels: [],
  });
  const broken = metrics.counter({
    name: "lane_faults_total",
    help: "Lanes that moved nothing without a reason, jobs that broke, evidence that was not written",
    labels: ["fault"],
    begins: ["blocked", "job_broke", "evidence_lost", "turn_failed"].map((fault) => ({ fault })),
  });
  return {
    "job.ended": ({ end, code, ms }) => {
      attempts({ end: label(end), code: label(code) });
      attemptTime({ end: label(end) }, Number(ms));
    },
    "device.taken": () => leases({ change: "taken" }),
    "device.handed_over": () => leases({ change: "handed_over" }),
    "device.lost": () => leases({ change: "lost" }),
    "device.changed": ({ state }) => states({ state: label(state) }),
    "device.connection_ended": ({ why, open_ms: openMs }) => {
      if (Number(openMs) > 0 && !OURS.has(why)) lost({});
    },
    "lane.blocked": () => broken({ fault: "blocked" }),
    "job.broke": () => broken({ fault: "job_broke" }),
    "receipt.lost": () => broken({ fault: "evidence_lost" }),
    "lane.turn_failed": () => broken({ fault: "turn_failed" }),
  };
}

/** The same ledger; what WhatsApp says about messages is counted, once for each status that a message enters, with its time. */
export function measureEvidence(ledger: Ledger, metrics: Metrics): Ledger {
  const evidence = metrics.counter({
    name: "evidence_total",
    help: "Acks (sent) and receipts (delivered, read, played) that moved a message",
    labels: ["status"],
    begins: ["sent", "delivered", "read"].map((status) => ({ status })),
  });
  const acks = metrics.timer({
    name: "accept_to_ack_seconds",
    help: "From the acceptance, or from send_at, to WhatsApp's ack",
    labels: [],
  });
  const deliveries = metrics.timer({
    name: "ack_to_delivered_seconds",
    help: "From WhatsApp's ack to the receipt of the phone",
    labels: [],
  });
  return {
    ...ledger,
    async recordEvidence(deviceId, proof) {
      const settled = await ledger.recordEvidence(deviceId, proof);
      if (settled.kind !== "settled") return settled;
      evidence({ status: proof.proves });
      if (settled.tookMs !== undefined && proof.proves === "sent") acks({}, settled.tookMs);
      if (settled.tookMs !== undefined && proof.proves === "delivered")
        deliveries({}, settled.tookMs);
      return settled;
    },
  };
}
