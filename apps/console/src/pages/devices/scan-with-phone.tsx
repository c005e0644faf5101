import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { Note } from "../../ui/note.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import styles from "./devices.module.css";
import { refreshDevice } from "./use-device.ts";

const PHONES = 50;
const NEW = "new";

interface ScanProps {
  readonly qr: string;
  readonly deviceId: string;
}

/** A phone of the sandbox in the place of the one in your hand. */
export function ScanWithPhone({ qr, deviceId }: ScanProps) {
  const [chosen, setChosen] = useState(NEW);
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const missing = useMissingScope("ops:write");
  const { data } = useQuery({
    queryKey: ["sandbox", "phones", "to-scan"],
    queryFn: ({ signal }) => pombo.listSandboxPhones({ limit: PHONES }, { signal }),
  });
  const scan = async (): Promise<void> => {
    setBusy(true);
    setFailed(undefined);
    try {
      const phone = chosen === NEW ? (await pombo.addSandboxPhone({})).phone : chosen;
      await pombo.scanQr({ phone, qr });
      await refreshDevice(deviceId);
    } catch (error) {
      setFailed(says(error));
    } finally {
      setBusy(false);
    }
  };
  const phones = data?.phones ?? [];
  return (
    <div className={styles.scan} data-testid="pair.sandbox">
      <SelectField
        label="Sandbox phone"
        value={chosen}
        onChange={setChosen}
        options={[
          { value: NEW, label: "A new phone" },
          ...phones.map(({ phone }) => ({ value: phone, label: phone })),
        ]}
        testId="pair.sandbox.phone"
      />
      <Button
        variant="primary"
        busy={busy}
        disabledBecause={missing}
        onClick={() => void scan()}
        data-testid="pair.scan"
      >
        Scan with a phone
      </Button>
      {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
    </div>
  );
}
