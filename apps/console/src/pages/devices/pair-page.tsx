import { useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { Async } from "../../ui/async.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { Note } from "../../ui/note.tsx";
import { Page } from "../../ui/page.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import type { Device, Lane } from "./device.ts";
import styles from "./devices.module.css";
import { PairByCode } from "./pair-by-code.tsx";
import { PairByQr } from "./pair-by-qr.tsx";
import { PAIRING_STEPS, type PairingStep, STEP_WORDS, stepOf } from "./pairing.ts";
import { Quarantine } from "./quarantine.tsx";
import { refreshDevice, useDevice } from "./use-device.ts";
import { useQr } from "./use-qr.ts";

/** Which code do I scan, how long does it live? */
export function PairPage() {
  const { id = "" } = useParams({ strict: false });
  const { device, lane } = useDevice(id);
  return (
    <Page title={`Pair ${device.data?.name ?? "a device"}`}>
      <Async query={device} what="the device" height={420}>
        {(found) => <Pairing key={id} device={found} lane={lane.data} />}
      </Async>
    </Page>
  );
}

function Pairing({ device, lane }: { readonly device: Device; readonly lane: Lane | undefined }) {
  const { run, failed, start, busy } = useStart(device);
  const [search, change] = useSearchState();
  const qr = useQr(device.device_id, run);
  const missing = useMissingScope("devices:manage");
  const step = stepOf(device, qr.kind === "linked");
  const way = search["tab"] === "code" ? "code" : "qr";
  const again = (
    <Button
      variant="primary"
      busy={busy}
      disabledBecause={missing}
      onClick={start}
      data-testid="pair.again"
    >
      Start again
    </Button>
  );
  return (
    <>
      <Verdict testId="pair.verdict">{verdictOf(step, way, qr.kind === "over")}</Verdict>
      <Steps step={step} />
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
      {step === "waiting" ? (
        <Tabs
          label="Ways to pair"
          value={way}
          onChange={(tab) => change({ tab: tab === "code" ? "code" : undefined })}
          tabs={[
            {
              id: "qr",
              label: "Scan a code",
              content: <PairByQr device={device} state={qr} again={again} />,
            },
            { id: "code", label: "Type a code", content: <PairByCode device={device} /> },
          ]}
        />
      ) : undefined}
      {step === "connected" ? <Linked device={device} lane={lane} /> : undefined}
    </>
  );
}

function verdictOf(step: PairingStep, way: "qr" | "code", over: boolean): string {
  if (step === "connected") return "The device is linked.";
  if (step !== "waiting") return "A phone has linked this device; its connection restarts once.";
  if (way === "code")
    return "Get a code for the number of the phone, then type it there: Linked devices, Link with phone number instead.";
  if (over) return "The codes are used up. Start again for new ones.";
  return "Open WhatsApp on the phone, then Linked devices, and scan the code.";
}

/** Begins the pairing as the page opens, and again when somebody asks. */
function useStart(device: Device) {
  const { device_id: id, state } = device;
  // Somebody may have begun it already.
  const [run, setRun] = useState(state === "pairing" ? 0 : undefined);
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const begun = useRef(false);
  const missing = useMissingScope("devices:manage");
  const start = (): void => {
    setBusy(true);
    setFailed(undefined);
    pombo
      .connectDevice({ id })
      .then(
        () => setRun((before = 0) => before + 1),
        (error: unknown) => setFailed(says(error)),
      )
      .finally(() => {
        setBusy(false);
        void refreshDevice(id);
      });
  };
  const idle = state === "created" || state === "logged_out" || state === "disconnected";
  useEffect(() => {
    if (begun.current || !idle || missing !== undefined) return;
    begun.current = true;
    start();
  });
  return { run, failed, start, busy };
}

function Steps({ step }: { readonly step: PairingStep }) {
  const at = PAIRING_STEPS.indexOf(step);
  return (
    <ol className={styles.steps} aria-label="Steps">
      {PAIRING_STEPS.map((name, index) => {
        const state = index < at || step === "connected" ? "done" : index === at ? "now" : "next";
        return (
          <li
            key={name}
            className={styles[state]}
            aria-current={state === "now" ? "step" : undefined}
            data-testid={`pair.step.${name}`}
            data-state={state}
          >
            {STEP_WORDS[name]}
          </li>
        );
      })}
    </ol>
  );
}

function Linked({ device, lane }: { readonly device: Device; readonly lane: Lane | undefined }) {
  return (
    <div className={styles.linked} data-testid="pair.linked">
      <p>
        Connected as{" "}
        {device.phone_number === null ? (
          "a number that is not known yet"
        ) : (
          <PhoneNumber value={device.phone_number} />
        )}
        .
      </p>
      {lane !== undefined && lane.depth.earlier_identity > 0 ? (
        <Quarantine device={device} lane={lane} />
      ) : undefined}
      <ButtonRow>
        <ButtonLink variant="primary" href={`/devices/${device.device_id}`}>
          Open the device
        </ButtonLink>
      </ButtonRow>
    </div>
  );
}
