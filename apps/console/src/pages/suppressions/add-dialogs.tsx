import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { FileField } from "../../ui/file-field.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { formatCount } from "../../ui/format.ts";
import { SelectField } from "../../ui/select-field.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { useToast } from "../../ui/toast.tsx";
import { addedText, readNumbers } from "./suppression-rules.ts";

interface AddDialogProps {
  readonly onClose: () => void;
  readonly onAdded: () => unknown;
}

/** Some numbers, by hand. */
export function AddDialog({ onClose, onAdded }: AddDialogProps) {
  const toast = useToast();
  const [text, setText] = useState("");
  const [reason, setReason] = useState("manual");
  const [note, setNote] = useState("");
  const numbers = readNumbers(text);
  const add = useMutation({
    mutationFn: () =>
      pombo.addSuppressions({
        to: [...numbers],
        reason: reason === "opt_out" ? "opt_out" : "manual",
        ...(note.trim() === "" ? {} : { note: note.trim() }),
      }),
    onSuccess: (done) => {
      toast({ title: addedText(done) });
      onAdded();
      onClose();
    },
  });
  return (
    <FormDialog
      onClose={onClose}
      title="Add to the list"
      testId="suppressions.add-dialog"
      does={`Add ${formatCount(numbers.length)}`}
      busy={add.isPending}
      disabledBecause={numbers.length === 0 ? "Type a number first." : undefined}
      onSubmit={() => add.mutate()}
      failed={add.error === null ? undefined : says(add.error)}
    >
      <TextField
        label="Numbers, in international form"
        rows={4}
        value={text}
        onChange={setText}
        hint="One a line, or with commas between."
        data-testid="suppressions.numbers"
      />
      <SelectField
        label="Reason"
        value={reason}
        onChange={setReason}
        options={[
          { value: "manual", label: "Nothing is sent to them" },
          { value: "opt_out", label: "They opted out; one-time passwords may still go" },
        ]}
      />
      <TextField label="Note" value={note} onChange={setNote} maxLength={200} />
    </FormDialog>
  );
}

/** As many as a file has. */
export function ImportDialog({ onClose, onAdded }: AddDialogProps) {
  const [file, setFile] = useState<File>();
  const read = useMutation({
    mutationFn: async (chosen: File) =>
      pombo.importSuppressions(
        {},
        { content: chosen, contentType: "text/csv", timeoutMs: 600_000 },
      ),
    onSuccess: onAdded,
  });
  return (
    <FormDialog
      onClose={onClose}
      title="Import a CSV file"
      testId="suppressions.import-dialog"
      does="Import"
      keeps={read.data === undefined ? "Keep as it is" : "Close"}
      busy={read.isPending}
      disabledBecause={file === undefined ? "Choose a file first." : undefined}
      onSubmit={() => {
        if (file !== undefined) read.mutate(file);
      }}
      failed={read.error === null ? undefined : says(read.error)}
    >
      <FileField
        label="CSV file"
        accept=".csv,.txt"
        onChange={setFile}
        hint="Columns: to, and if you like reason and note."
        testId="suppressions.file"
      />
      {read.data === undefined ? undefined : (
        <>
          <p role="status" data-testid="suppressions.imported">
            {addedText(read.data, read.data.invalid)}
          </p>
          <ul>
            {read.data.errors.slice(0, 20).map(({ line, message }) => (
              <li key={line}>
                Line {formatCount(line)}: {message}
              </li>
            ))}
          </ul>
        </>
      )}
    </FormDialog>
  );
}
