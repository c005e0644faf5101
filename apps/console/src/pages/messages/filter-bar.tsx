import { type FormEvent, useState } from "react";
import { detect } from "../../shell/detect.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { lookOf } from "../../ui/status-role.ts";
import { TextField } from "../../ui/text-field.tsx";
import { maskNumber } from "../../ui/mask-number.ts";
import { useSearchState } from "../../ui/use-search-state.ts";
import styles from "./filter-bar.module.css";
import { fieldOfInstant, instantOfField, type MessageFilter, STATUSES } from "./message-filter.ts";
import { useGo } from "../../ui/use-go.ts";

const ANY = { value: "", label: "Any status" };
const STATUS_OPTIONS = [
  ANY,
  ...STATUSES.map((status) => ({ value: status, label: lookOf(status).word })),
];

/** All of it stands in the address; a number in its fragment only. */
export function FilterBar({ filter }: { readonly filter: MessageFilter }) {
  const go = useGo();
  const [, change] = useSearchState();
  const [text, setText] = useState("");
  const search = (event: FormEvent): void => {
    event.preventDefault();
    const target = detect(text).find(
      ({ href }) => href.startsWith("/messages") || href.startsWith("/batches"),
    );
    if (target === undefined) return;
    setText("");
    const batch = /^\/batches\/(.+)$/.exec(target.href)?.[1];
    go(batch === undefined ? target.href : `/messages?batch=${batch}`);
  };
  const chosen = wordsOf(filter);
  return (
    <form className={styles.bar} onSubmit={search} role="search" aria-label="Messages">
      <TextField
        label="Id, number, client_ref or batch"
        value={text}
        onChange={setText}
        type="search"
        autoComplete="off"
        data-testid="messages.search"
        hint={chosen === "" ? undefined : `Shown: ${chosen}`}
      />
      <SelectField
        label="Status"
        value={filter.status ?? ""}
        options={STATUS_OPTIONS}
        testId="messages.status"
        onChange={(status) => change({ status }, { push: true })}
      />
      <TextField
        label="Jump to time"
        type="datetime-local"
        value={fieldOfInstant(filter.until)}
        data-testid="messages.until"
        onChange={(value) => change({ until: instantOfField(value) }, { push: true })}
      />
      <Button type="submit">Search</Button>
      {Object.keys(filter).length === 0 ? undefined : (
        <Button onClick={() => go("/messages")}>Clear filters</Button>
      )}
    </form>
  );
}

function wordsOf({
  to,
  client_ref: ref,
  batch_id: batch,
  device_id: device,
}: MessageFilter): string {
  const parts = [
    ...(to === undefined ? [] : [`to ${maskNumber(to)}`]),
    ...(ref === undefined ? [] : [`client_ref ${ref}`]),
    ...(batch === undefined ? [] : [batch]),
    ...(device === undefined ? [] : [device]),
  ];
  return parts.join(", ");
}
