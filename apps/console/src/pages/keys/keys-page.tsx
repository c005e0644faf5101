import type { Output } from "@pombo/sdk";
import { useQueryClient, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { serverNow } from "../../api/server-clock.ts";
import { useMissingScope, useSession } from "../../api/session.ts";
import { Async, Empty } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Page } from "../../ui/page.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { keysVerdict, reachText, scopesText } from "./grants.ts";

type Key = Output<"listApiKeys">["api_keys"][number];

/** Pages of keys that are read: an installation has dozens of keys. */
const MOST_PAGES = 10;

async function readKeys(signal: AbortSignal): Promise<readonly Key[]> {
  const keys: Key[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const { api_keys: found, next_cursor: next } = await pombo.listApiKeys(
      { limit: 200, ...(cursor === undefined ? {} : { cursor }) },
      { signal },
    );
    keys.push(...found);
    if (next === null) break;
    cursor = next;
  }
  return keys.toSorted((a, b) => rank(a) - rank(b) || b.created_at.localeCompare(a.created_at));
}

/** What can do something stands first. */
function rank({ state }: Key): number {
  return state === "active" ? 0 : 1;
}

function columnsOf(own: string | undefined, revoke: (key: Key) => void): readonly Column<Key>[] {
  return [
    {
      id: "state",
      header: "State",
      width: "15ch",
      card: "end",
      cell: ({ state }) => <StatusMark status={state} />,
    },
    {
      id: "name",
      header: "Name",
      card: "lead",
      cell: ({ id, name }) => (id === own ? `${name} (yours)` : name),
    },
    {
      id: "scopes",
      header: "May",
      card: "none",
      cell: ({ scopes }) => <span title={scopes.join(", ")}>{scopesText(scopes)}</span>,
    },
    { id: "devices", header: "With", width: "14ch", cell: ({ devices }) => reachText(devices) },
    {
      id: "used",
      header: "Last used",
      width: "18ch",
      card: "none",
      cell: ({ last_used_at: at }) => (at === null ? "Never" : <Time at={at} />),
    },
    {
      id: "ends",
      header: "Ends",
      width: "18ch",
      card: "none",
      cell: ({ revoked_at: revoked, expires_at: end }) => {
        const at = revoked ?? end;
        return at === null ? "Never" : <Time at={at} />;
      },
    },
    {
      id: "act",
      header: "Act",
      width: "17ch",
      card: "more-end",
      cell: (key) =>
        key.state === "active" ? (
          <Button onClick={() => revoke(key)} aria-label={`Revoke ${key.name}`}>
            Revoke …
          </Button>
        ) : (
          "–"
        ),
    },
  ];
}

/** Who can do what, until when. */
export function KeysPage() {
  const cache = useQueryClient();
  const [search, change] = useSearchState();
  const session = useSession();
  const missing = useMissingScope("keys:manage");
  const [revoking, setRevoking] = useState<Key>();
  const keys = useQuery({
    queryKey: ["keys"],
    queryFn: ({ signal }) => readKeys(signal),
    enabled: missing === undefined,
  });
  const again = (): Promise<void> => cache.invalidateQueries({ queryKey: ["keys"] });
  return (
    <Page
      title="API keys"
      aside={
        <Button
          variant="primary"
          icon={<Plus aria-hidden size={16} />}
          disabledBecause={missing}
          onClick={() => change({ dialog: "new" }, { push: true })}
          data-testid="keys.new"
        >
          New key
        </Button>
      }
    >
      {missing === undefined ? (
        <Async query={keys} what="the keys" height={240}>
          {(all) => (
            <>
              <Verdict testId="keys.verdict">{keysVerdict(all, serverNow())}</Verdict>
              <DataTable<Key>
                label="API keys"
                testId="keys.list"
                rows={all}
                columns={columnsOf(session?.key_id, setRevoking)}
                rowId={({ id }) => id}
                onOpen={(key) => (key.state === "active" ? setRevoking(key) : undefined)}
              />
            </>
          )}
        </Async>
      ) : (
        <Empty title={missing} />
      )}
      {search["dialog"] === "new" && missing === undefined ? (
        <CreateKeyDialog onClose={() => change({ dialog: undefined })} onCreated={again} />
      ) : undefined}
      <ConfirmDialog
        open={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        level={1}
        title={`Revoke ${revoking?.name ?? ""}`}
        effect={<Effect revoking={revoking} own={session?.key_id} />}
        verb="Revoke 1 key"
        onConfirm={async () => {
          if (revoking !== undefined) await pombo.revokeApiKey({ id: revoking.id });
          await again();
        }}
        testId="keys.revoke-dialog"
      />
    </Page>
  );
}

interface EffectProps {
  readonly revoking: Key | undefined;
  readonly own: string | undefined;
}

function Effect({ revoking, own }: EffectProps) {
  const used = revoking?.last_used_at ?? null;
  return (
    <>
      <p>
        Whoever has it is refused from the next request on; its streams, uploads and console
        sessions end within a second. It can’t be brought back. What it sent already goes its way.
      </p>
      <p>
        {used === null ? (
          "It was never used."
        ) : (
          <>
            It was used last <Time at={used} />.
          </>
        )}
        {revoking?.id === own ? " It is your own: you are signed out with it." : undefined}
      </p>
    </>
  );
}
