import type { Output } from "@pombo/sdk";
import { Plus } from "lucide-react";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { Async, Empty } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { maskNumber } from "../../ui/mask-number.ts";
import { Panel } from "../../ui/panel.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { Time } from "../../ui/time.tsx";
import { contentOf } from "./chat.ts";
import type { Place } from "./place.ts";
import styles from "./sandbox.module.css";
import { useAct } from "./use-act.ts";
import type { usePhones } from "./use-sandbox.ts";

export type Device = Output<"listDevices">["devices"][number];
type Phone = Output<"listSandboxPhones">["phones"][number];

interface PhonesPanelProps {
  readonly phones: ReturnType<typeof usePhones>;
  readonly devices: readonly Device[];
  readonly place: Place;
  readonly go: (place: Place) => void;
}

/** The phones, those with the latest message first. */
export function PhonesPanel({ phones, devices, place, go }: PhonesPanelProps) {
  const [adding, setAdding] = useState(false);
  const missing = useMissingScope("ops:write");
  const add = (
    <Button
      icon={<Plus aria-hidden size={14} />}
      disabledBecause={missing}
      onClick={() => setAdding(true)}
    >
      Add a phone
    </Button>
  );
  return (
    <Panel title="Phones" aside={add} testId="sandbox.phones">
      <Async
        query={phones}
        what="the phones"
        height={320}
        isEmpty={(data) => data.phones.length === 0}
        empty={
          <Empty title="No phone yet.">
            <p>A phone appears as soon as something is sent to its number.</p>
          </Empty>
        }
      >
        {(data) => (
          <ul className={styles.phones}>
            {data.phones.map((phone) => (
              <li key={phone.phone}>
                <PhoneRow
                  phone={phone}
                  device={devices.find(({ phone_number: n }) => n === phone.phone)}
                  open={phone.phone === place.phone}
                  onOpen={() => go({ phone: phone.phone })}
                />
              </li>
            ))}
          </ul>
        )}
      </Async>
      {adding ? (
        <AddPhone onClose={() => setAdding(false)} onAdded={(phone) => go({ phone })} />
      ) : undefined}
    </Panel>
  );
}

interface PhoneRowProps {
  readonly phone: Phone;
  /** Whose own number it is. */
  readonly device: Device | undefined;
  readonly open: boolean;
  readonly onOpen: () => void;
}

function PhoneRow({ phone, device, open, onOpen }: PhoneRowProps) {
  const last = phone.last_message;
  return (
    <button
      type="button"
      className={styles.phone}
      aria-current={open}
      title={phone.phone}
      data-testid={`sandbox.phone.${phone.phone}`}
      onClick={onOpen}
    >
      <span className={styles.number}>{maskNumber(phone.phone)}</span>
      <span className={styles.when}>
        {last === null ? undefined : <Time at={last.received_at} />}
      </span>
      <span className={styles.last}>
        {device === undefined ? undefined : <b>{device.name}’s own number. </b>}
        {phone.on_whatsapp ? undefined : <b>Not on WhatsApp. </b>}
        {last === null ? "Nothing yet" : contentOf(last)}
      </span>
    </button>
  );
}

interface AddPhoneProps {
  readonly onClose: () => void;
  readonly onAdded: (phone: string) => void;
}

function AddPhone({ onClose, onAdded }: AddPhoneProps) {
  const [number, setNumber] = useState("");
  const { act, busy, failed } = useAct();
  const add = async (): Promise<void> => {
    const { phone } = await pombo.addSandboxPhone(number.trim() === "" ? {} : { phone: number });
    onAdded(phone);
    onClose();
  };
  return (
    <FormDialog
      onClose={onClose}
      title="Add a phone"
      testId="sandbox.add"
      does="Add 1 phone"
      busy={busy}
      onSubmit={() => act(add)}
      failed={failed}
    >
      <TextField
        label="Number"
        value={number}
        onChange={setNumber}
        type="tel"
        autoComplete="off"
        hint="With its country code. Left empty, it gets one that nobody has."
      />
    </FormDialog>
  );
}
