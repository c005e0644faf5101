import { useMutation } from "@tanstack/react-query";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Button } from "../../ui/button.tsx";
import { formatCount } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { BulkDialog } from "../dead-letters/bulk-dialog.tsx";
import { planOf } from "../dead-letters/plan-redrive.ts";
import styles from "./batches.module.css";
import type { Batch } from "./outcome.ts";

type Failure = Batch["failures"][number];

/** What failed, by code; each code can be sent again on its own, as it was when it was looked at. */
export function BatchFailures({ batch }: { readonly batch: Batch }) {
  const { batch_id: id, failures } = batch;
  const missing = useMissingScope("ops:write");
  const look = useMutation({ mutationFn: (code: Failure["error_code"]) => lookAt(id, code) });
  return (
    <Panel title="What failed" testId="batch.failures">
      <ul className={styles.list}>
        {failures.map(({ error_code: code, count }) => (
          <li key={code} data-testid={`batch.failure.${code}`} data-value={count}>
            <StatusMark status="failed">{formatCount(count)}</StatusMark>
            <AppLink href={`/dead-letters?batch=${id}&code=${code}`}>{wordOf(code)}</AppLink>
            <Button
              disabledBecause={missing}
              busy={look.isPending && look.variables === code}
              onClick={() => look.mutate(code)}
            >
              Send again …
            </Button>
          </li>
        ))}
      </ul>
      {look.error === null ? undefined : <Note role="needs-you">{says(look.error)}</Note>}
      {look.data === undefined ? undefined : (
        <BulkDialog
          kind="redrive"
          {...look.data}
          onClose={() => look.reset()}
          onDone={() => look.reset()}
        />
      )}
    </Panel>
  );
}

/** Fixes what is meant: letters that come later are not part of it. */
async function lookAt(id: string, code: Failure["error_code"]) {
  const scope = { batch_id: id, code };
  const groups = await pombo.groupLetters(scope);
  const plan = planOf(groups.by_cause, groups.partial, false);
  return { scope, fixed: { plan, until: groups.cursor, ids: [] } };
}
