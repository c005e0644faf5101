import type { Output } from "@pombo/sdk";
import { AppLink } from "../../ui/app-link.tsx";
import { Button } from "../../ui/button.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { Time } from "../../ui/time.tsx";
import { REASONS, sourceOf } from "./suppression-rules.ts";

export type Entry = Output<"listSuppressions">["suppressions"][number];

interface ColumnDeps {
  readonly names: ReadonlyMap<string, string>;
  /** Why nothing can be removed. */
  readonly missing: string | undefined;
  readonly onRemove: (entry: Entry) => void;
}

export function columnsOf({ names, missing, onRemove }: ColumnDeps): readonly Column<Entry>[] {
  return [
    {
      id: "number",
      header: "Number",
      width: "22ch",
      card: "lead",
      cell: ({ to }) => <PhoneNumber value={to} testId="suppressions.entry" />,
    },
    { id: "reason", header: "Reason", card: "more", cell: ({ reason }) => REASONS[reason] },
    {
      id: "source",
      header: "Source",
      card: "none",
      cell: ({ added_by: by, note }) => {
        const { says, device } = sourceOf(by, names);
        return (
          <>
            {device === undefined ? says : <AppLink href={`/devices/${device}`}>{says}</AppLink>}
            {note === null ? undefined : ` — ${note}`}
          </>
        );
      },
    },
    {
      id: "since",
      header: "Since",
      width: "18ch",
      card: "more-end",
      cell: ({ added_at: at }) => <Time at={at} />,
    },
    {
      id: "act",
      header: "Act",
      width: "18ch",
      card: "end",
      cell: (entry) => (
        <Button
          disabledBecause={missing}
          onClick={() => onRemove(entry)}
          aria-label={`Remove the number ending in ${entry.to.replace(/@.*/, "").slice(-4)}`}
        >
          Remove …
        </Button>
      ),
    },
  ];
}
