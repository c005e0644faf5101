import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMemo } from "react";
import { useMissingScope } from "../../api/session.ts";
import { Async, Empty, NoMatch } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { Checkbox } from "../../ui/checkbox.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { TextField } from "../../ui/text-field.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { AddDevice } from "./add-device.tsx";
import { DEVICE_COLUMNS } from "./device-columns.tsx";
import { type ListedDevice, matches, needsSomebody } from "./device.ts";
import styles from "./devices.module.css";
import { readSort, writeSort } from "./sort.ts";
import { useDevices } from "./use-devices.ts";

const STATES = [
  "connected",
  "restricted",
  "connecting",
  "pairing",
  "disconnected",
  "logged_out",
  "blocked",
  "created",
] as const;

/** Which devices can't send? */
export function DevicesPage() {
  const query = useDevices();
  const [search, change] = useSearchState();
  const missing = useMissingScope("devices:manage");
  return (
    <Page
      title="Devices"
      aside={
        <Button
          variant="primary"
          icon={<Plus aria-hidden size={16} />}
          disabledBecause={missing}
          onClick={() => change({ add: "yes" }, { push: true })}
          data-testid="devices.add"
        >
          Add a device
        </Button>
      }
    >
      <Async
        query={query}
        what="the devices"
        height={480}
        isEmpty={(devices) => devices.length === 0}
        empty={<Empty title="No device yet.">Add one, then scan its code with a phone.</Empty>}
      >
        {(devices) => <List devices={devices} />}
      </Async>
      <AddDevice open={search["add"] === "yes"} onClose={() => change({ add: undefined })} />
    </Page>
  );
}

function List({ devices }: { readonly devices: readonly ListedDevice[] }) {
  const navigate = useNavigate();
  const [search, change] = useSearchState();
  const { state, blocked_by: blockedBy, needs, q } = search;
  const filter = { state, blockedBy, needs: needs === "yes", text: q };
  const shown = useMemo(
    () =>
      devices.filter((device) =>
        matches(device, { state, blockedBy, needs: needs === "yes", text: q }),
      ),
    [devices, state, blockedBy, needs, q],
  );
  const needing = devices.filter(needsSomebody).length;
  const clear = (): void =>
    change({ state: undefined, blocked_by: undefined, needs: undefined, q: undefined });
  return (
    <>
      <Verdict testId="devices.verdict">
        {needing === 0
          ? `${counted(devices.length, "device")}. None needs you.`
          : `${formatCount(needing)} of ${counted(devices.length, "device")} ${needing === 1 ? "needs" : "need"} you.`}
      </Verdict>
      <div className={styles.filters}>
        <TextField
          label="Name or id"
          value={q ?? ""}
          onChange={(value) => change({ q: value })}
          autoComplete="off"
          data-testid="devices.search"
        />
        <SelectField
          label="State"
          value={state ?? ""}
          onChange={(value) => change({ state: value })}
          options={[
            { value: "", label: "All" },
            ...STATES.map((value) => ({ value, label: wordOf(value) })),
          ]}
        />
        <Checkbox
          label="Needs you"
          checked={needs === "yes"}
          onChange={(checked) => change({ needs: checked ? "yes" : undefined })}
        />
      </div>
      {shown.length === 0 ? (
        <NoMatch title="No device has these filters." onClear={clear} />
      ) : (
        <DataTable
          label="Devices"
          columns={DEVICE_COLUMNS}
          rows={shown}
          rowId={(device) => device.device_id}
          onOpen={(device) => void navigate({ to: `/devices/${device.device_id}` })}
          orderKey={JSON.stringify(filter)}
          sort={readSort(search["sort"])}
          onSort={(sort) => change({ sort: writeSort(sort) })}
          testId="devices.table"
        />
      )}
    </>
  );
}
