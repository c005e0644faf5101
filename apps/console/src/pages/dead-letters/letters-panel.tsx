import type { Output } from "@pombo/sdk";
import { pombo } from "../../api/client.ts";
import { NoMatch } from "../../ui/async.tsx";
import { MessageId } from "../../ui/copyable.tsx";
import { CursorList } from "../../ui/cursor-list.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Panel } from "../../ui/panel.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import type { LetterFilter, LetterScope } from "./letter-scope.ts";

type Letter = Output<"listLetters">["dead_letters"][number];

const COLUMNS: readonly Column<Letter>[] = [
  {
    id: "error",
    header: "Error",
    width: "30ch",
    card: "lead",
    cell: ({ error_code: code, effect }) => (
      <StatusMark
        status={effect === "possible" ? "unknown" : "failed"}
        role={effect === "possible" ? "waiting" : "needs-you"}
      >
        {code}
      </StatusMark>
    ),
  },
  {
    id: "to",
    header: "To",
    width: "16ch",
    card: "end",
    cell: ({ chat_jid: jid }) => <PhoneNumber value={jid.replace(/@s\.whatsapp\.net$/, "")} />,
  },
  { id: "says", header: "What it says", cell: ({ error }) => error, card: "more" },
  {
    id: "failed",
    header: "Failed",
    width: "16ch",
    card: "more-end",
    cell: (row) => <Time at={row.failed_at} />,
  },
  { id: "ref", header: "client_ref", card: "none", cell: ({ client_ref: ref }) => ref },
  {
    id: "id",
    header: "Message",
    width: "18ch",
    card: "none",
    cell: (row) => <MessageId id={row.message_id} />,
  },
];

interface LettersProps {
  readonly scope: LetterScope;
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (ids: ReadonlySet<string>) => void;
}

/** The letters behind the counts; some may be chosen, each may be opened. */
export function LettersPanel({ scope, chosen, onChoose }: LettersProps) {
  const [, change] = useSearchState();
  return (
    <Panel title="Letters, newest first" testId="dead.letters">
      <CursorList<Letter>
        queryKey={["dead-letters", "list", scope]}
        fetchPage={async (cursor, signal) => {
          const place = cursor === undefined ? {} : { cursor };
          const page = await pombo.listLetters(
            { ...(scope as LetterFilter), ...place, limit: 200 },
            { signal },
          );
          return { rows: page.dead_letters, next: page.next_cursor };
        }}
        what="the letters"
        label="Dead letters"
        columns={COLUMNS}
        rowId={letterId}
        selection={{ ids: chosen, onChange: onChoose }}
        onOpen={(letter) => change({ letter: letter.message_id }, { push: true })}
        empty={
          <NoMatch
            title="No letter is left of these."
            onClear={() =>
              change({
                code: undefined,
                effect: undefined,
                device: undefined,
                batch: undefined,
                since: undefined,
              })
            }
          />
        }
      />
    </Panel>
  );
}

function letterId({ message_id: id }: Letter): string {
  return id;
}
