import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { pombo, queries } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useMissingScope } from "../../api/session.ts";
import { Empty, NoMatch } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { CursorList } from "../../ui/cursor-list.tsx";
import { formatClock } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { findMessages } from "./find-messages.ts";
import { MESSAGE_COLUMNS } from "./message-columns.tsx";
import { type MessageFilter, type MessageRow, readFilter } from "./message-filter.ts";
import { SendDialog } from "./send-dialog.tsx";
import { useLivelyRows } from "./use-lively-rows.ts";
import { useGo } from "../../ui/use-go.ts";

const TABLE = "messages.table";

export function MessagesPage() {
  const go = useGo();
  const hash = useLocation({ select: (location) => location.hash });
  const [search, change] = useSearchState();
  const mayNotSend = useMissingScope("messages:send");
  const filter = readFilter(search, hash);
  const key = JSON.stringify(filter);
  const [reached, setReached] = useState<string | null>(null);
  const refresh = useLivelyRows(TABLE);
  const clear = (): void => go("/messages");
  const fetchPage = useCallback(
    (cursor: string | undefined, signal: AbortSignal) =>
      findMessages(readFilter(search, hash), { cursor, signal, onReached: setReached }),
    [key],
  );
  return (
    <Page
      title="Messages"
      aside={
        <Button
          variant="primary"
          disabledBecause={mayNotSend}
          onClick={() => change({ dialog: "send" }, { push: true })}
        >
          Send a message
        </Button>
      }
    >
      <FilterBar filter={filter} />
      <NewOnes key={key} filter={filter} listKey={["messages", "list", key]} />
      {reached === null ? undefined : (
        <Verdict testId="messages.reached">
          {`Nothing found yet. Looked back to ${formatClock(Date.parse(reached))}, looking on.`}
        </Verdict>
      )}
      <CursorList<MessageRow>
        queryKey={["messages", "list", key]}
        fetchPage={fetchPage}
        what="the messages"
        label="Messages, newest first"
        testId={TABLE}
        columns={MESSAGE_COLUMNS}
        rowId={rowId}
        refresh={refresh}
        onOpen={(row) => go(`/messages/${row.message_id}`)}
        empty={
          key === "{}" ? (
            <Empty title="Nothing was sent yet." testId="messages.empty" curl={curl()} />
          ) : (
            <NoMatch title="No message has these filters." onClear={clear} />
          )
        }
      />
      <SendDialog
        open={search.dialog === "send"}
        device={search.device}
        onClose={() => change({ dialog: undefined })}
      />
    </Page>
  );
}

function rowId({ message_id: id }: MessageRow): string {
  return id;
}

function curl(): string {
  return [
    `curl -sS ${window.location.origin}/v1/messages \\`,
    '  -H "Authorization: Bearer YOUR_KEY" -H "Content-Type: application/json" \\',
    `  -d '{"from":"DEVICE_ID","to":"+5511900000002","text":"Hello"}'`,
  ].join("\n");
}

interface NewOnesProps {
  readonly filter: MessageFilter;
  readonly listKey: readonly unknown[];
}

/** Rows come only when they are asked for: here it is said that there are new ones. Not where a look would be a search. */
function NewOnes({ filter, listKey }: NewOnesProps) {
  const { device_id: device, ...searched } = filter;
  const poll = usePoll(5_000);
  const isNewest = Object.keys(searched).length === 0;
  const [first, setFirst] = useState<string>();
  const newest = useQuery({
    queryKey: [...listKey, "newest"],
    queryFn: async ({ signal }) => {
      const about = device === undefined ? {} : { device_id: device };
      const { messages } = await pombo.listMessages({ ...about, limit: 1 }, { signal });
      const id = messages[0]?.message_id ?? "";
      setFirst((before) => before ?? id);
      return id;
    },
    refetchInterval: poll,
    enabled: isNewest,
  });
  const show = (): void => {
    setFirst(newest.data);
    void queries.resetQueries({ queryKey: listKey, exact: true });
  };
  if (!isNewest || first === undefined || newest.data === undefined || newest.data === first)
    return undefined;
  return (
    <div>
      <Button onClick={show} data-testid="messages.new">
        Show what is new
      </Button>
    </div>
  );
}
