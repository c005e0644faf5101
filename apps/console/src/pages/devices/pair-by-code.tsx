import type { Output } from "@pombo/sdk";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope, useSandboxPhones } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { Note } from "../../ui/note.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useNow } from "../../ui/use-now.ts";
import type { Device } from "./device.ts";
import styles from "./devices.module.css";
import { inGroups } from "./pairing.ts";
import { refreshDevice } from "./use-device.ts";

type Code = Output<"pairByCode">;

/** For a phone whose camera is not at hand: eight letters and digits, typed there. */
export function PairByCode({ device }: { readonly device: Device }) {
  const id = device.device_id;
  const [phone, setPhone] = useState("");
  const [code, setCode] = useState<Code>();
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const missing = useMissingScope("devices:manage");
  const ask = async (): Promise<void> => {
    setBusy(true);
    setFailed(undefined);
    try {
      setCode(await pombo.pairByCode({ id, phone }));
    } catch (error) {
      setFailed(says(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className={styles.code}
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
    >
      <TextField
        label="Number of the phone"
        hint="In international form: +55 11 99999 9999."
        value={phone}
        onChange={setPhone}
        inputMode="tel"
        autoComplete="off"
        data-testid="pair.phone"
      />
      <Button
        type="submit"
        variant="primary"
        busy={busy}
        disabledBecause={missing ?? (phone.trim() === "" ? "Give the number first." : undefined)}
        data-testid="pair.ask"
      >
        Get a code
      </Button>
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
      {code === undefined ? undefined : <Shown code={code} phone={phone} deviceId={id} />}
    </form>
  );
}

interface ShownProps {
  readonly code: Code;
  readonly phone: string;
  readonly deviceId: string;
}

function Shown({ code, phone, deviceId }: ShownProps) {
  const sandbox = useSandboxPhones();
  const now = useNow();
  if (now >= Date.parse(code.expires_at))
    return <p data-testid="pair.expired">This code has expired. Ask for another one.</p>;
  return (
    <div className={styles.typed}>
      <p className={styles.big}>
        <Copyable
          value={code.code}
          shown={inGroups(code.code)}
          label="pairing code"
          testId="pair.code"
        />
      </p>
      <p className={styles.quiet}>
        Lives for <Countdown until={code.expires_at} />
      </p>
      {sandbox ? <EnterOnPhone code={code.code} phone={phone} deviceId={deviceId} /> : undefined}
    </div>
  );
}

function EnterOnPhone({
  code,
  phone,
  deviceId,
}: Omit<ShownProps, "code"> & { readonly code: string }) {
  const [failed, setFailed] = useState<string>();
  const missing = useMissingScope("ops:write");
  const enter = async (): Promise<void> => {
    setFailed(undefined);
    try {
      await pombo.enterCode({ phone, code });
      await refreshDevice(deviceId);
    } catch (error) {
      setFailed(says(error));
    }
  };
  return (
    <>
      <Button disabledBecause={missing} onClick={() => void enter()} data-testid="pair.enter">
        Type it on the sandbox phone
      </Button>
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </>
  );
}
