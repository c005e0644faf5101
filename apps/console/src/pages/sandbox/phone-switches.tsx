import type { Input } from "@pombo/sdk";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Checkbox } from "../../ui/checkbox.tsx";
import { Note } from "../../ui/note.tsx";
import styles from "./sandbox.module.css";
import { useAct } from "./use-act.ts";
import { usePhone } from "./use-sandbox.ts";

type Changes = Omit<Input<"changeSandboxPhone">, "phone">;

/** What the phone does by itself. */
export function PhoneSwitches({ phone, chat }: { readonly phone: string; readonly chat: string }) {
  const { data } = usePhone(phone);
  const { act, failed } = useAct();
  const missing = useMissingScope("ops:write");
  if (data === undefined) return undefined;
  const change = (changes: Changes): void =>
    act(() => pombo.changeSandboxPhone({ phone, ...changes }));
  const off = missing !== undefined;
  return (
    <div className={styles.switches}>
      <Checkbox
        label="Is on WhatsApp"
        checked={data.on_whatsapp}
        disabled={off}
        onChange={(on) => change({ on_whatsapp: on })}
      />
      <Checkbox
        label="Confirms what arrives"
        checked={data.delivery_receipts}
        disabled={off}
        onChange={(on) => change({ delivery_receipts: on })}
      />
      <Checkbox
        label="Reads it by itself"
        checked={data.read_receipts}
        disabled={off}
        onChange={(on) => change({ read_receipts: on })}
      />
      {data.read_receipts ? undefined : (
        <Button
          disabledBecause={missing}
          onClick={() => act(() => pombo.readOnPhone({ phone, chat }))}
        >
          Read the chat
        </Button>
      )}
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </div>
  );
}
