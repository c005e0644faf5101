import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { Async } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { Checkbox } from "../../ui/checkbox.tsx";
import { counted } from "../../ui/format.ts";
import { maskNumber } from "../../ui/mask-number.ts";
import { Note } from "../../ui/note.tsx";
import { Panel } from "../../ui/panel.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { TextField } from "../../ui/text-field.tsx";
import { type FaultKind, type FaultWish, orderOf, scopeOf } from "./fault-order.ts";
import type { Place } from "./place.ts";
import styles from "./sandbox.module.css";
import { useAct } from "./use-act.ts";
import { useFaults } from "./use-sandbox.ts";

const WORDS: Readonly<Record<string, string>> = {
  new_chats_refused: "463: new chats refused",
  refused: "Refused with a code",
  no_ack: "No ack: it arrives all the same",
  lost: "Lost: no ack, and it does not arrive",
  late_ack: "Late ack",
  late_receipts: "Late receipts",
  slow: "Slow answers",
  disconnect: "Disconnect",
  restart: "515: connect anew",
  replaced: "440: another session",
  logged_out: "401: logged out",
};

const TIMES = [
  { value: "1", label: "Once" },
  { value: "3", label: "3 times" },
  { value: "10", label: "10 times" },
  { value: "off", label: "Until I switch it off" },
];

/** Troubles: those that are on, and a new one. */
export function FaultsPanel({ place }: { readonly place: Place }) {
  const faults = useFaults();
  const { act, failed } = useAct();
  const missing = useMissingScope("ops:write");
  return (
    <Panel title="Faults" testId="sandbox.faults">
      <Async query={faults} what="the faults" height={240}>
        {(data) => (
          <>
            {data.faults.length === 0 ? <p>None is on.</p> : undefined}
            <ul className={styles.faults}>
              {data.faults.map((fault) => (
                <li key={fault.fault_id} className={styles.fault}>
                  <div>
                    <StatusMark status="disconnected">
                      {WORDS[fault.fault] ?? wordOf(fault.fault)}
                    </StatusMark>
                    <p className={styles.small}>{scopeWords(fault)}</p>
                  </div>
                  <Button
                    disabledBecause={missing}
                    onClick={() =>
                      act(() => pombo.removeSandboxFault({ fault_id: String(fault.fault_id) }))
                    }
                  >
                    Switch off
                  </Button>
                </li>
              ))}
            </ul>
            {data.faults.length > 1 ? (
              <Button
                disabledBecause={missing}
                onClick={() => act(() => pombo.removeSandboxFaults())}
              >
                Switch off {data.faults.length}
              </Button>
            ) : undefined}
            <FaultForm
              kinds={data.kinds}
              place={place}
              missing={missing}
              onOrder={(order) => act(() => pombo.addSandboxFault(order))}
            />
          </>
        )}
      </Async>
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </Panel>
  );
}

function scopeWords(fault: {
  readonly to: string | null;
  readonly account: string | null;
  readonly remaining: number | null;
}): string {
  const { to, account, remaining } = fault;
  const whom = to ?? account;
  const where = whom === null ? "For everybody" : `For ${maskNumber(whom)}`;
  return remaining === null
    ? `${where}, until it is off`
    : `${where}, ${counted(remaining, "time")} more`;
}

interface FaultFormProps {
  readonly kinds: readonly FaultKind[];
  readonly place: Place;
  readonly missing: string | undefined;
  readonly onOrder: (order: ReturnType<typeof orderOf>) => void;
}

function FaultForm({ kinds, place, missing, onOrder }: FaultFormProps) {
  const [wish, setWish] = useState<FaultWish>({
    fault: "new_chats_refused",
    times: "1",
    only: true,
    seconds: "",
    code: "",
  });
  const set = (changes: Partial<FaultWish>): void => setWish({ ...wish, ...changes });
  const kind = kinds.find(({ fault }) => fault === wish.fault);
  if (kind === undefined) return undefined;
  return (
    <div className={styles.form}>
      <SelectField
        label="Fault"
        value={wish.fault}
        onChange={(fault) => {
          const next = kinds.find((one) => one.fault === fault);
          if (next !== undefined) set({ fault: next.fault, seconds: "", code: "" });
        }}
        options={kinds.map(({ fault }) => ({ value: fault, label: WORDS[fault] ?? wordOf(fault) }))}
        testId="sandbox.fault"
      />
      <p className={styles.small}>{kind.says}.</p>
      <p className={styles.small} data-testid="sandbox.remedy">
        <b>What Pombo does:</b> {kind.remedy}
      </p>
      <SelectField
        label="How often"
        value={wish.times}
        onChange={(times) => set({ times })}
        options={TIMES}
        testId="sandbox.times"
      />
      {kind.takes.includes("seconds") ? (
        <TextField
          label="Seconds"
          value={wish.seconds}
          onChange={(seconds) => set({ seconds })}
          inputMode="numeric"
          placeholder={String(kind.seconds ?? "")}
        />
      ) : undefined}
      {kind.takes.includes("code") ? (
        <TextField
          label="Code"
          value={wish.code}
          onChange={(code) => set({ code })}
          inputMode="numeric"
          placeholder={String(kind.code ?? "")}
        />
      ) : undefined}
      <Checkbox
        label={scopeOf(kind) === "to" ? "Only for this phone" : "Only for the device of this chat"}
        checked={wish.only}
        onChange={(only) => set({ only })}
      />
      <Button
        variant="primary"
        disabledBecause={missing}
        onClick={() => onOrder(orderOf(wish, kind, place))}
      >
        Switch on
      </Button>
    </div>
  );
}
