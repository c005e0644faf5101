import { useState } from "react";
import { useMissingScope } from "../../api/session.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { AppLink } from "../../ui/app-link.tsx";
import { Button } from "../../ui/button.tsx";
import { counted } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { BulkDialog } from "./bulk-dialog.tsx";
import { CauseBadge } from "./cause-badge.tsx";
import styles from "./groups-panel.module.css";
import { adviceOf, badgeOf, type Cause, type LetterGroups } from "./judge-cause.ts";
import { type LetterScope, scopeWords } from "./letter-scope.ts";
import { type Plan, planOf } from "./plan-redrive.ts";
import type { Catalog } from "./use-catalog.ts";

interface BulkProps {
  /** Counted for the scope. */
  readonly groups: LetterGroups;
  readonly scope: LetterScope;
  readonly catalog: Catalog;
  /** Chosen one by one; none: all of the scope. */
  readonly chosen: ReadonlySet<string>;
  readonly onDone: () => void;
}

/** What is wrong with what was chosen, and what may be done about all of it. */
export function BulkPanel({ groups, scope, catalog, chosen, onDone }: BulkProps) {
  const [search, change] = useSearchState();
  const missingScope = useMissingScope("ops:write");
  const whole = planOf(groups.by_cause, groups.partial, Object.keys(scope).length === 0);
  const mayNot = missingScope ?? (whole.count === 0 ? "No letter is left of these." : undefined);
  const plan = chosen.size === 0 ? whole : chosenOf(whole, chosen.size);
  // What the dialog is about stays as it was when it was opened.
  const [fixed, setFixed] = useState<Fixed>();
  const open = (dialog: "redrive" | "discard"): void => {
    setFixed({ plan, until: groups.cursor, ids: [...chosen] });
    change({ dialog }, { push: true });
  };
  const close = (): void => change({ dialog: undefined });
  const about = fixed ?? { plan, until: groups.cursor, ids: [...chosen] };
  const isOpen = search.dialog === "redrive" || search.dialog === "discard";
  return (
    <Panel
      title={chosen.size === 0 ? scopeWords(scope) : counted(chosen.size, "chosen letter")}
      aside={
        Object.keys(scope).length === 0 ? undefined : (
          <AppLink href="/dead-letters">All causes</AppLink>
        )
      }
      testId="dead.bulk"
    >
      <Explanation scope={scope} groups={groups} catalog={catalog} />
      <ButtonRow>
        <Button
          variant={groups.by_cause.every((cause) => isToFix(cause, catalog)) ? "plain" : "primary"}
          disabledBecause={mayNot}
          onClick={() => open("redrive")}
          data-testid="dead.redrive"
        >
          Send {plan.count} again…
        </Button>
        <Button
          variant="danger"
          disabledBecause={mayNot}
          onClick={() => open("discard")}
          data-testid="dead.discard"
        >
          Discard {plan.count}…
        </Button>
      </ButtonRow>
      {isOpen && about.plan.count > 0 ? (
        <BulkDialog
          kind={search.dialog === "redrive" ? "redrive" : "discard"}
          scope={scope}
          fixed={about}
          onClose={close}
          onDone={onDone}
        />
      ) : undefined}
    </Panel>
  );
}

export interface Fixed {
  readonly plan: Plan;
  /** The newest letter that it is about. */
  readonly until: string | null;
  readonly ids: readonly string[];
}

/** Of some that were chosen nobody has counted how many may have arrived: where one may, all count as such. */
function chosenOf({ possible, count }: Plan, size: number): Plan {
  const most = Math.min(size, possible);
  return {
    count: size,
    possible: possible === count ? size : most,
    partial: false,
    unfiltered: false,
  };
}

function isToFix({ effect, error_code: code }: Cause, catalog: Catalog): boolean {
  return badgeOf(effect, catalog.get(code)) === "fix";
}

function Explanation({ scope, groups, catalog }: Pick<BulkProps, "scope" | "groups" | "catalog">) {
  const causes = groups.by_cause;
  const only = causes.length === 1 ? causes[0] : undefined;
  if (only === undefined)
    return (
      <p>
        {scope.code === undefined
          ? `${counted(causes.length, "cause")} together. Choose one to read what it means.`
          : "Some of these may have arrived, others did not leave."}
      </p>
    );
  const entry = catalog.get(only.error_code);
  const badge = badgeOf(only.effect, entry);
  return (
    <div className={styles.stack} data-testid="dead.explained">
      <p>
        <CauseBadge badge={badge} /> {entry === undefined ? only.error_code : `${entry.says}.`}
      </p>
      <p>{adviceOf(only.error_code, badge)}</p>
    </div>
  );
}
