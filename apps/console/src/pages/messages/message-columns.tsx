import { AppLink } from "../../ui/app-link.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { Time } from "../../ui/time.tsx";
import { MessageState } from "./message-state.tsx";
import type { MessageRow } from "./message-filter.ts";

export const MESSAGE_COLUMNS: readonly Column<MessageRow>[] = [
  {
    id: "status",
    header: "Status",
    width: "26ch",
    card: "lead",
    cell: (row) => <MessageState row={row} />,
  },
  {
    id: "to",
    header: "To",
    width: "16ch",
    card: "end",
    cell: ({ chat_jid: jid }) => <PhoneNumber value={jid.replace(/@s\.whatsapp\.net$/, "")} />,
  },
  {
    id: "accepted",
    header: "Accepted",
    width: "18ch",
    cell: (row) => <Time at={row.created_at} />,
  },
  { id: "kind", header: "Kind", width: "10ch", card: "none", cell: ({ kind }) => kind },
  {
    id: "error",
    header: "Last error",
    width: "26ch",
    card: "more-end",
    cell: ({ error_code: code }) => code,
  },
  {
    id: "device",
    header: "Device",
    width: "24ch",
    card: "none",
    cell: ({ device_id: id }) =>
      id === null ? "a pool’s" : <AppLink href={`/devices/${id}`}>{id}</AppLink>,
  },
  {
    id: "ref",
    header: "client_ref",
    card: "none",
    cell: ({ client_ref: ref }) => ref,
  },
];
