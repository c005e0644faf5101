import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { useMissingScope } from "../../api/session.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { wordOf } from "../../ui/status-role.ts";
import styles from "./batches.module.css";
import type { Batch } from "./outcome.ts";

type Failure = Batch["failures"][number];

/** What failed, by code; each code can be sent again on its own. */
export function BatchFailures({ batch }: { readonly batch: Batch }) {
  const { batch_id: id, failures } = batch;
  const navigate = useNavigate();
  const missing = useMissingScope("ops:write");
  const [chosen, setChosen] = useState<Failure>();
  return (
    <Panel title="What failed" testId="batch.failures">
      <ul className={styles.list}>
        {failures.map((failure) => (
          <li key={failure.error_code} data-testid={`batch.failure.${failure.error_code}`}>
            <StatusMark status="failed">{formatCount(failure.count)}</StatusMark>
            <AppLink href={`/dead-letters?batch=${id}&code=${failure.error_code}`}>
              {wordOf(failure.error_code)}
            </AppLink>
            <Button disabledBecause={missing} onClick={() => setChosen(failure)}>
              Send {formatCount(failure.count)} again …
            </Button>
          </li>
        ))}
      </ul>
      <ConfirmDialog
        open={chosen !== undefined}
        onClose={() => setChosen(undefined)}
        level={1}
        danger={false}
        title={`Send ${formatCount(chosen?.count ?? 0)} again`}
        effect={<Effect failure={chosen} />}
        verb={`Send ${formatCount(chosen?.count ?? 0)} again, same id`}
        onConfirm={async () => {
          if (chosen === undefined) return;
          const filter = { batch_id: id, code: chosen.error_code };
          const { operation_id: operation } = await pombo.redriveLetters({ filter });
          await navigate({ to: "/operations/$id", params: { id: operation } });
        }}
        testId="batch.redrive-dialog"
      />
    </Panel>
  );
}

function Effect({ failure }: { readonly failure: Failure | undefined }) {
  return (
    <>
      <p>
        {counted(failure?.count ?? 0, "message")} that failed with{" "}
        {wordOf(failure?.error_code ?? "")} will be sent again, and the batch goes on.
      </p>
      <p>
        What may have arrived keeps its id: WhatsApp should show it once. What fails for a cause
        that is still there fails again: look at the dead letters first.
      </p>
    </>
  );
}
