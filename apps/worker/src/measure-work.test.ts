import type { DeviceId, MessageId } from "@pombo/domain";
import type { Ledger, Settled } from "@pombo/ledger";
import { measureLog, openLog, openMetrics } from "@pombo/telemetry";
import { expect, test } from "vitest";
import { measureEvidence, workMeasures } from "./measure-work.ts";

const DEVICE = "dev_0000000000000001" as DeviceId;

test("evidence is counted when it moves a message, and its time is noted", async () => {
  const metrics = openMetrics();
  const answers: Settled[] = [
    { kind: "settled", version: 3, tookMs: 400 },
    { kind: "settled", version: 4, tookMs: 2_000 },
    { kind: "refused", status: "read" },
    { kind: "settled", version: 5 },
  ];
  const ledger = measureEvidence(
    { recordEvidence: async () => answers.shift() } as unknown as Ledger,
    metrics,
  );
  for (const proves of ["sent", "delivered", "delivered", "read"] as const)
    // oxlint-disable-next-line no-await-in-loop -- one answer after the other
    await ledger.recordEvidence(DEVICE, { messageId: "3EB0" as MessageId, proves, now: 1 });
  const text = await metrics.render({});
  for (const line of [
    'pombo_evidence_total{status="sent"} 1',
    'pombo_evidence_total{status="delivered"} 1',
    'pombo_evidence_total{status="read"} 1',
    "pombo_accept_to_ack_seconds_sum 0.4",
    "pombo_ack_to_delivered_seconds_sum 2",
  ])
    expect(text).toContain(`${line}\n`);
});

/** Two of them were lost: one never opened, and the others were ended here. */
const ENDINGS = [
  [428, 900],
  [515, 0],
  ["cut", 900],
  ["not_owner", 900],
  ["connection_lost", 900],
] as const;

test("the worker's lines are measured by their ends and codes, never by device or message", async () => {
  const metrics = openMetrics();
  const quiet = openLog({ name: "worker", level: "silent" });
  const log = measureLog(quiet, workMeasures(metrics));
  const ids = { device_id: DEVICE, message_id: "3EB0AA" };
  log.info("job.ended", { ...ids, end: "fail", code: "SEND_REJECTED", ms: 12 });
  log.info("device.taken", ids);
  log.info("device.changed", { ...ids, state: "connected" });
  for (const [why, open_ms] of ENDINGS)
    log.info("device.connection_ended", { ...ids, why, open_ms });
  log.warn("lane.blocked", ids);
  const text = await metrics.render({});
  for (const line of [
    'pombo_jobs_total{end="fail",code="SEND_REJECTED"} 1',
    'pombo_lease_changes_total{change="taken"} 1',
    'pombo_device_changes_total{state="connected"} 1',
    "pombo_connections_lost_total 2",
    'pombo_lane_faults_total{fault="blocked"} 1',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).not.toContain(DEVICE);
  expect(text).not.toContain("3EB0");
});
