import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useMissingScope } from "../../api/session.ts";
import { Async, Empty } from "../../ui/async.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { formatCount } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import type { ListedDevice } from "../devices/device.ts";
import { useDevices } from "../devices/use-devices.ts";
import { PoolDetail } from "./pool-detail.tsx";
import { PoolDialog } from "./pool-dialog.tsx";
import {
  membersOf,
  namesOf,
  type Pool,
  poolRole,
  poolState,
  poolsVerdict,
  strategySays,
} from "./pool.ts";

const POLL_MS = 5_000;
/** The state of a device whose icon says the same. */
const LOOKS = { moving: "connected", waiting: "disconnected", "needs-you": "blocked" } as const;
const RANKS = ["needs-you", "waiting", "moving"] as const;

/** A pool with what is known of its devices. */
interface Row {
  readonly pool: Pool;
  readonly members: readonly ListedDevice[];
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "state",
    header: "State",
    width: "22ch",
    card: "end",
    sortBy: ({ members }) => RANKS.indexOf(poolRole(members)),
    cell: ({ pool, members }) => (
      <StatusMark
        status={LOOKS[poolRole(members)]}
        role={poolRole(members)}
        testId={`pools.state.${pool.pool_id}`}
      >
        {poolState(members)}
      </StatusMark>
    ),
  },
  {
    id: "name",
    header: "Name",
    width: "24ch",
    card: "lead",
    sortBy: ({ pool }) => pool.name.toLowerCase(),
    cell: ({ pool }) => pool.name,
  },
  {
    id: "devices",
    header: "Devices",
    card: "more",
    cell: ({ members }) => namesOf(members),
  },
  {
    id: "waiting",
    header: "Waiting there",
    width: "14ch",
    align: "end",
    card: "more-end",
    sortBy: ({ members }) => waitingOf(members),
    cell: ({ members }) => formatCount(waitingOf(members)),
  },
  {
    id: "strategy",
    header: "Chooses",
    width: "13ch",
    card: "none",
    cell: ({ pool }) => strategySays(pool.strategy),
  },
  {
    id: "since",
    header: "Since",
    width: "18ch",
    card: "none",
    sortBy: ({ pool }) => pool.created_at,
    cell: ({ pool }) => <Time at={pool.created_at} />,
  },
];

/** In the lanes of its devices, whoever it is sent from. */
function waitingOf(members: readonly ListedDevice[]): number {
  return members.reduce((sum, { lane }) => sum + (lane?.waiting ?? 0), 0);
}

/** Which pools can send, and from which devices? */
export function PoolsPage() {
  const [search, change] = useSearchState();
  const missing = useMissingScope("devices:manage");
  const id = search["pool"];
  return (
    <Page
      title="Pools"
      aside={
        <>
          {id === undefined ? undefined : <ButtonLink href="/pools">All pools</ButtonLink>}
          <Button
            variant="primary"
            icon={<Plus aria-hidden size={16} />}
            disabledBecause={missing}
            onClick={() => change({ dialog: "new" }, { push: true })}
            data-testid="pools.new"
          >
            New pool
          </Button>
        </>
      }
    >
      {missing === undefined ? <Pools chosen={id} /> : <Empty title={missing} />}
    </Page>
  );
}

function Pools({ chosen }: { readonly chosen: string | undefined }) {
  const cache = useQueryClient();
  const [search, change] = useSearchState();
  const devices = useDevices();
  const poll = usePoll(POLL_MS);
  const pools = useQuery({
    queryKey: ["pools"],
    queryFn: async ({ signal }) => (await pombo.listPools({}, { signal })).pools,
    refetchInterval: poll,
  });
  const again = (): void => {
    void cache.invalidateQueries({ queryKey: ["pools"] });
    void cache.invalidateQueries({ queryKey: ["senders"] });
  };
  return (
    <Async query={devices} what="the devices" height={240}>
      {(known) => (
        <>
          <Async query={pools} what="the pools" height={240}>
            {(all) => <Shown {...{ all, known, chosen }} onChanged={again} />}
          </Async>
          {search["dialog"] === "new" ? (
            <PoolDialog
              devices={known}
              onClose={() => change({ dialog: undefined })}
              onDone={(made) => {
                again();
                change({ dialog: undefined, pool: made });
              }}
            />
          ) : undefined}
        </>
      )}
    </Async>
  );
}

interface ShownProps {
  readonly all: readonly Pool[];
  readonly known: readonly ListedDevice[];
  readonly chosen: string | undefined;
  readonly onChanged: () => void;
}

/** The one that the address names, or all of them. */
function Shown({ all, known, chosen, onChanged }: ShownProps) {
  const [, change] = useSearchState();
  if (chosen !== undefined) {
    const pool = all.find((one) => one.pool_id === chosen);
    return pool === undefined ? (
      <Empty title="There is no such pool, or your key may not see all of its devices." />
    ) : (
      <PoolDetail key={chosen} pool={pool} devices={known} onChanged={onChanged} />
    );
  }
  if (all.length === 0)
    return (
      <Empty title="A pool is a list of devices that send together: each recipient stays with one of them." />
    );
  const rows = all.map((pool) => ({ pool, members: membersOf(pool, known) }));
  return (
    <>
      <Verdict testId="pools.verdict">{poolsVerdict(rows.map(({ members }) => members))}</Verdict>
      <DataTable<Row>
        label="Pools"
        testId="pools.list"
        rows={rows}
        columns={COLUMNS}
        rowId={({ pool }) => pool.pool_id}
        orderKey={all.map(({ pool_id: id }) => id).join()}
        onOpen={({ pool }) => change({ pool: pool.pool_id }, { push: true })}
      />
    </>
  );
}
