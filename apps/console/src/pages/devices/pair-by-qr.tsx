import type { ReactNode } from "react";
import { useSandboxPhones } from "../../api/session.ts";
import { Countdown } from "../../ui/countdown.tsx";
import { QrCode } from "../../ui/qr-code.tsx";
import { useNow } from "../../ui/use-now.ts";
import type { Device } from "./device.ts";
import styles from "./devices.module.css";
import { ScanWithPhone } from "./scan-with-phone.tsx";
import type { Qr, QrState } from "./use-qr.ts";

interface PairByQrProps {
  readonly device: Device;
  readonly state: QrState;
  /** Begins anew. */
  readonly again: ReactNode;
}

export function PairByQr({ device, state, again }: PairByQrProps) {
  const sandbox = useSandboxPhones();
  if (state.kind === "over")
    return (
      <div className={styles.code} data-testid="pair.over">
        <p>{state.because}</p>
        {again}
      </div>
    );
  if (state.kind !== "shown")
    return (
      <div className={styles.code}>
        <div className={styles.blank} data-testid="pair.coming">
          The code is coming.
        </div>
      </div>
    );
  return (
    <div className={styles.code}>
      <Rotating qr={state.qr} name={device.name} />
      {sandbox ? <ScanWithPhone qr={state.qr.text} deviceId={device.device_id} /> : undefined}
    </div>
  );
}

/** A code that has expired is gone at once: nobody is to scan it. */
function Rotating({ qr, name }: { readonly qr: Qr; readonly name: string }) {
  const now = useNow();
  if (now >= Date.parse(qr.expiresAt))
    return (
      <div className={styles.blank} data-testid="pair.expired">
        This code has expired. A new one is coming.
      </div>
    );
  return (
    <>
      <QrCode text={qr.text} label={`Pairing code for ${name}`} testId="pair.qr" />
      <p className={styles.quiet}>
        A new code in <Countdown until={qr.expiresAt} testId="pair.countdown" />
      </p>
    </>
  );
}
