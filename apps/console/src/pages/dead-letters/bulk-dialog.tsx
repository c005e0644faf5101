import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pombo, queries } from "../../api/client.ts";
import { Checkbox } from "../../ui/checkbox.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { counted } from "../../ui/format.ts";
import { useGo } from "../../ui/use-go.ts";
import type { Fixed } from "./bulk-panel.tsx";
import styles from "./groups-panel.module.css";
import { bulkOf, type LetterFilter, type LetterScope } from "./letter-scope.ts";
import { discardConsent, redriveConsent } from "./plan-redrive.ts";

interface BulkDialogProps {
  readonly kind: "redrive" | "discard";
  readonly scope: LetterScope;
  readonly fixed: Fixed;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The effect before the action. What fails meanwhile is told, and is not part of it. */
export function BulkDialog({ kind, scope, fixed, onClose, onDone }: BulkDialogProps) {
  const go = useGo();
  const [newIds, setNewIds] = useState(false);
  const { plan, until, ids } = fixed;
  const consent = kind === "redrive" ? redriveConsent(plan, newIds) : discardConsent(plan);
  const confirm = async (): Promise<void> => {
    const body = bulkOf(scope, until, ids);
    const duplicate = newIds ? { accept_duplicate: true } : {};
    const begun =
      kind === "redrive"
        ? await pombo.redriveLetters({ ...body, ...duplicate })
        : await pombo.discardLetters(body);
    onDone();
    void queries.invalidateQueries({ queryKey: ["dead-letters"] });
    go(`/operations/${begun.operation_id}`);
  };
  return (
    <ConfirmDialog
      open
      // Another level is another question: nothing that was typed counts for it.
      key={consent.level}
      onClose={onClose}
      title={consent.title}
      level={consent.level}
      typed={String(plan.count)}
      danger={kind === "discard" || newIds}
      verb={consent.verb}
      onConfirm={confirm}
      testId="dead.confirm"
      effect={
        <div className={styles.stack}>
          <ul className={styles.list}>
            {consent.effect.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          {kind === "redrive" && plan.possible > 0 ? (
            <Checkbox
              label={`Use new ids; ${counted(plan.possible, "person", "people")} may get it twice`}
              checked={newIds}
              onChange={setNewIds}
              testId="dead.new-ids"
            />
          ) : undefined}
          <NewSince scope={scope} until={until} />
        </div>
      }
    />
  );
}

/** "3 new since you started". */
function NewSince({
  scope,
  until,
}: Pick<BulkDialogProps, "scope"> & { readonly until: string | null }) {
  const since = useQuery({
    queryKey: ["dead-letters", "new", scope, until],
    queryFn: ({ signal }) =>
      pombo.groupLetters(
        { ...(scope as LetterFilter), ...(until === null ? {} : { after: until }) },
        { signal },
      ),
    refetchInterval: 3_000,
    enabled: until !== null,
  });
  const count = since.data?.by_code.reduce((sum, group) => sum + group.count, 0) ?? 0;
  return count === 0 ? undefined : (
    <p data-testid="dead.new" data-value={count}>
      {counted(count, "letter")} new since you started: not part of it.
    </p>
  );
}
