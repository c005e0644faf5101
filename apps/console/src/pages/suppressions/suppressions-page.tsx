import { PomboError, type Output } from "@pombo/sdk";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { FileUp, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope, useSession } from "../../api/session.ts";
import { Async, Empty, NoMatch } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { CursorList, PAGE_ROWS } from "../../ui/cursor-list.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { Page } from "../../ui/page.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { useSenders } from "../../api/use-senders.ts";
import { AddDialog, ImportDialog } from "./add-dialogs.tsx";
import { columnsOf, type Entry } from "./suppression-columns.tsx";
import { numberOf, readNumber } from "./suppression-rules.ts";
import styles from "./suppressions.module.css";

/** Who must not be written to, and since when. */
export function SuppressionsPage() {
  const cache = useQueryClient();
  const [search, change] = useSearchState();
  const number = numberOf(useLocation({ select: ({ hash }) => hash }));
  const missing = useMissingScope("ops:write");
  const unread = useMissingScope("ops:read");
  const names = useNames();
  const [removing, setRemoving] = useState<Entry>();
  const again = (): Promise<void> => cache.invalidateQueries({ queryKey: ["suppressions"] });
  const open = (dialog: string | undefined): void =>
    change({ dialog }, { push: dialog !== undefined });
  const columns = columnsOf({ names, missing, onRemove: setRemoving });
  return (
    <Page
      title="Suppressions"
      aside={
        <>
          <Button
            icon={<FileUp aria-hidden size={16} />}
            disabledBecause={missing}
            onClick={() => open("import")}
          >
            Import CSV
          </Button>
          <Button
            variant="primary"
            icon={<Plus aria-hidden size={16} />}
            disabledBecause={missing}
            onClick={() => open("add")}
            data-testid="suppressions.add"
          >
            Add
          </Button>
        </>
      }
    >
      <Find key={number} number={number} />
      {unread !== undefined ? (
        <Empty title={unread} />
      ) : number === "" ? (
        <All reason={search["reason"]} columns={columns} />
      ) : (
        <One number={number} columns={columns} />
      )}
      {search["dialog"] === "add" ? (
        <AddDialog onClose={() => open(undefined)} onAdded={again} />
      ) : undefined}
      {search["dialog"] === "import" ? (
        <ImportDialog onClose={() => open(undefined)} onAdded={again} />
      ) : undefined}
      <ConfirmDialog
        open={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        level={1}
        title="Remove from the list"
        effect={
          <p>
            Messages go to the number ending in {removing?.to.replace(/@.*/, "").slice(-4)} again,
            those that come now and those that wait. Remove it only when the person asked for that.
          </p>
        }
        verb="Remove 1"
        onConfirm={async () => {
          if (removing !== undefined) await pombo.removeSuppression({ number: removing.to });
          await again();
        }}
        testId="suppressions.remove-dialog"
      />
    </Page>
  );
}

/** Names of those who may have added an entry. */
function useNames(): ReadonlyMap<string, string> {
  const senders = useSenders();
  const session = useSession();
  return useMemo(
    () =>
      new Map([
        ...(senders.data ?? []).map(({ id, name }) => [id, name] as const),
        ...(session === undefined ? [] : [[session.key_id, session.name] as const]),
      ]),
    [senders.data, session],
  );
}

/** The number goes into the fragment of the address: no server and no log sees it there. */
function Find({ number }: { readonly number: string }) {
  const navigate = useNavigate();
  const [text, setText] = useState(number);
  const go = (to: string): void => {
    void navigate({ to: ".", search: true, hash: to === "" ? "" : `to=${to}` });
  };
  const read = readNumber(text);
  return (
    <form
      className={styles.search}
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        go(read);
      }}
    >
      <TextField
        label="Is this number on the list?"
        value={text}
        onChange={setText}
        inputMode="tel"
        autoComplete="off"
        data-testid="suppressions.number"
      />
      <Button
        type="submit"
        disabledBecause={read === "" ? "Type a whole number in international form." : undefined}
      >
        Look
      </Button>
      {number === "" ? undefined : <Button onClick={() => go("")}>Show all</Button>}
    </form>
  );
}

interface RowsProps {
  readonly columns: ReturnType<typeof columnsOf>;
}

function One({ number, columns }: RowsProps & { readonly number: string }) {
  const found = useQuery({
    queryKey: ["suppressions", "one", number],
    queryFn: ({ signal }) => findEntry(number, signal),
  });
  return (
    <Async query={found} what="whether it is on the list" height={72}>
      {(entry) => (
        <>
          <Verdict testId="suppressions.verdict">
            {entry === null
              ? "Not on the list: messages go to this number."
              : entry.reason === "manual"
                ? "On the list: nothing is sent to this number."
                : "On the list: the person opted out."}
          </Verdict>
          {entry === null ? undefined : (
            <DataTable<Entry>
              label="The entry"
              testId="suppressions.list"
              rows={[entry]}
              columns={columns}
              rowId={({ to }) => to}
            />
          )}
        </>
      )}
    </Async>
  );
}

async function findEntry(
  number: string,
  signal: AbortSignal,
): Promise<Output<"getSuppression"> | null> {
  try {
    return await pombo.getSuppression({ number }, { signal });
  } catch (error) {
    if (error instanceof PomboError && error.status === 404) return null;
    throw error;
  }
}

function All({ reason, columns }: RowsProps & { readonly reason: string | undefined }) {
  const [, change] = useSearchState();
  const wanted = reason === "manual" || reason === "opt_out" ? reason : undefined;
  return (
    <>
      <Verdict testId="suppressions.verdict">
        Nothing is sent to the numbers below; they are asked for before each first attempt.
      </Verdict>
      <SelectField
        label="Reason"
        value={wanted ?? ""}
        onChange={(next) => change({ reason: next })}
        options={[
          { value: "", label: "All" },
          { value: "manual", label: "Added by hand or file" },
          { value: "opt_out", label: "Opted out" },
        ]}
      />
      <CursorList<Entry>
        label="Suppressions"
        what="the list"
        testId="suppressions.list"
        queryKey={["suppressions", "list", wanted ?? ""]}
        fetchPage={async (cursor, signal) => {
          const page = await pombo.listSuppressions(
            {
              limit: PAGE_ROWS,
              ...(wanted === undefined ? {} : { reason: wanted }),
              ...(cursor === undefined ? {} : { cursor }),
            },
            { signal },
          );
          return { rows: page.suppressions, next: page.next_cursor };
        }}
        columns={columns}
        rowId={({ to }) => to}
        empty={
          wanted === undefined ? (
            <Empty title="Nobody is on the list. Who writes “stop” to a device comes here by itself." />
          ) : (
            <NoMatch
              title="Nobody is on the list for this reason."
              onClear={() => change({ reason: undefined })}
            />
          )
        }
      />
    </>
  );
}
