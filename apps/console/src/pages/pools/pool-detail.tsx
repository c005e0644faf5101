import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { formatCount } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import { useToast } from "../../ui/toast.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { causeSays, type ListedDevice } from "../devices/device.ts";
import { PoolDialog } from "./pool-dialog.tsx";
import { membersOf, type Pool, poolVerdict, strategySays } from "./pool.ts";

const COLUMNS: readonly Column<ListedDevice>[] = [
  {
    id: "state",
    header: "State",
    width: "20ch",
    card: "end",
    cell: ({ state, lane }) =>
      lane?.paused === true && state === "connected" ? (
        <StatusMark status="paused">Connected, paused</StatusMark>
      ) : (
        <StatusMark status={state} />
      ),
  },
  { id: "name", header: "Device", card: "lead", cell: ({ name }) => name },
  {
    id: "cause",
    header: "Why",
    card: "more",
    cell: ({ state, cause }) => (state === "connected" ? "–" : (causeSays(cause) ?? "–")),
  },
  {
    id: "waiting",
    header: "Waiting",
    width: "12ch",
    align: "end",
    card: "more-end",
    cell: ({ lane }) => formatCount(lane?.waiting ?? 0),
  },
  {
    id: "blocked_by",
    header: "Blocked by",
    width: "16ch",
    card: "none",
    cell: ({ lane }) => (lane?.blocked_by ? wordOf(lane.blocked_by) : "–"),
  },
];

interface PoolDetailProps {
  readonly pool: Pool;
  readonly devices: readonly ListedDevice[];
  readonly onChanged: () => unknown;
}

/** One pool: whether it can send, from which devices, and what can be done about it. */
export function PoolDetail({ pool, devices, onChanged }: PoolDetailProps) {
  const navigate = useNavigate();
  const toast = useToast();
  const [search, change] = useSearchState();
  const missing = useMissingScope("devices:manage");
  const [deleting, setDeleting] = useState(false);
  const { pool_id: id, name } = pool;
  const members = membersOf(pool, devices);
  const done = (title: string): void => {
    toast({ title });
    onChanged();
  };
  return (
    <Panel title={name} testId="pool.detail">
      <Verdict testId="pool.verdict">{poolVerdict(members)}</Verdict>
      <ButtonRow>
        <Button
          disabledBecause={missing}
          onClick={() => change({ dialog: "edit" }, { push: true })}
          data-testid="pool.edit"
        >
          Edit …
        </Button>
        <Button
          variant="danger"
          disabledBecause={missing}
          onClick={() => setDeleting(true)}
          data-testid="pool.delete"
        >
          Delete …
        </Button>
      </ButtonRow>
      <Settings pool={pool} />
      {members.length === 0 ? undefined : (
        <DataTable<ListedDevice>
          label={`Devices of ${name}`}
          testId="pool.devices"
          rows={members}
          columns={COLUMNS}
          rowId={({ device_id: device }) => device}
          orderKey={members.map(({ device_id: device }) => device).join()}
          onOpen={({ device_id: device }) => void navigate({ to: `/devices/${device}` })}
        />
      )}
      {search["dialog"] === "edit" && missing === undefined ? (
        <PoolDialog
          pool={pool}
          devices={devices}
          onClose={() => change({ dialog: undefined })}
          onDone={() => done("Saved the pool.")}
        />
      ) : undefined}
      <ConfirmDialog
        open={deleting}
        onClose={() => setDeleting(false)}
        level={2}
        typed={name.trim()}
        title={`Delete ${name}`}
        effect={
          <p>
            Nothing can be sent from it any more. Its devices stay, and messages stay with the
            device that they wait on. While a batch is sent from it, it can’t be deleted.
          </p>
        }
        verb="Delete the pool"
        onConfirm={async () => {
          await pombo.deletePool({ id });
          change({ pool: undefined });
          done("Deleted the pool.");
        }}
        testId="pool.delete-dialog"
      />
    </Panel>
  );
}

function Settings({ pool }: { readonly pool: Pool }) {
  return (
    <Facts>
      <Fact name="Id">
        <Copyable value={pool.pool_id} label="pool id" testId="pool.id" />
      </Fact>
      <Fact name="Chooses">{strategySays(pool.strategy)}</Fact>
      <Fact name="Since">
        <Time at={pool.created_at} />
      </Fact>
    </Facts>
  );
}
