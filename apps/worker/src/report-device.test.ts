import type { DeviceId } from "@pombo/domain";
import { expect, test } from "vitest";
import { reportDevice } from "./report-device.ts";

const NOW = 1_700_000_000_000;
const UNTIL = NOW + 3_600_000;
const RESTRICTED = { cause: "new_chats_restricted", code: "ACCOUNT_RESTRICTED", until: UNTIL };

/** What is written of a device, in order. */
function setup() {
  const written: unknown[] = [];
  let refusals = 0;
  const report = reportDevice({
    own: { deviceId: "dev_0000000000000001" as DeviceId, epoch: 1 },
    ledger: {
      changeDevice: async (_own, { now: _now, ...change }) => {
        refusals -= 1;
        if (refusals >= 0) throw new Error("OOM");
        written.push(change);
        return 1;
      },
      closeLane: async () => true,
      setWanted: async () => undefined,
      showQr: async () => undefined,
      trust: async () => undefined,
      warmUp: async () => undefined,
    },
    log: { info: () => undefined, error: () => undefined },
    now: () => NOW,
    againMs: 1,
    onWritten: () => undefined,
    onLost: () => undefined,
  });
  const refuse = (times: number): void => void (refusals = times);
  return { report, written, refuse };
}

test("while its lane is held a connected device is restricted, with the reason and the end, whatever it says itself", async () => {
  const { report, written } = setup();
  report.state({ state: "connected", at: NOW });
  report.held(UNTIL);
  report.state({ state: "connecting", cause: "connection_lost", at: NOW });
  report.state({ state: "connected", phone: "5511900000001", at: NOW });
  report.state({ state: "connected", cause: "restriction_ended", at: NOW });
  report.held(undefined);
  await report.written();
  expect(written).toEqual([
    { state: "connected" },
    { state: "restricted", ...RESTRICTED },
    { state: "connecting", cause: "connection_lost" },
    { state: "restricted", phone: "5511900000001", ...RESTRICTED },
    { state: "restricted", ...RESTRICTED },
    { state: "connected" },
  ]);
});

test.each(["connecting", "logged_out", "blocked"] as const)(
  "a hold that begins or ends when the device is %s already changes nothing of that",
  async (state) => {
    const { report, written } = setup();
    report.state({ state: "connected", at: NOW });
    report.state({ state, at: NOW });
    report.held(UNTIL);
    report.held(undefined);
    await report.written();
    expect(written).toEqual([{ state: "connected" }, { state }]);
  },
);

test("a state that Redis refuses is written as soon as Redis takes it, and before what follows", async () => {
  const { report, written, refuse } = setup();
  refuse(3);
  report.state({ state: "logged_out", cause: "logged_out", at: NOW });
  report.state({ state: "pairing", at: NOW });
  await expect
    .poll(() => written)
    .toEqual([{ state: "logged_out", cause: "logged_out" }, { state: "pairing" }]);
});

test("at the end, what Redis refuses is tried once more and no longer", async () => {
  const { report, written, refuse } = setup();
  refuse(1_000);
  report.state({ state: "connected", at: NOW });
  report.state({ state: "disconnected", cause: "worker_stopped", at: NOW });
  await report.written();
  expect(written).toEqual([]);
});
