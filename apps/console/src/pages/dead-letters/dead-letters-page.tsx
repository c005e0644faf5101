import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { Async, Empty } from "../../ui/async.tsx";
import { counted } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { BulkPanel } from "./bulk-panel.tsx";
import { GroupsPanel } from "./groups-panel.tsx";
import { type Badge, badgeOf, type LetterGroups } from "./judge-cause.ts";
import { LetterDialog } from "./letter-dialog.tsx";
import { type LetterFilter, readScope } from "./letter-scope.ts";
import { LettersPanel } from "./letters-panel.tsx";
import { RunningOperations } from "./running-operations.tsx";
import { type Catalog, useCatalog } from "./use-catalog.ts";

const POLL_MS = 5_000;
const NOBODY: ReadonlySet<string> = new Set();

/** Groups, then why, then which, then what would happen, then the operation. */
export function DeadLettersPage() {
  const [search, change] = useSearchState();
  const [chosen, setChosen] = useState(NOBODY);
  const poll = usePoll(POLL_MS);
  const scope = readScope(search);
  const catalog = useCatalog();
  const all = useQuery({
    queryKey: ["dead-letters", "groups"],
    queryFn: ({ signal }) => pombo.groupLetters({}, { signal }),
    refetchInterval: poll,
  });
  const some = useQuery({
    queryKey: ["dead-letters", "groups", scope],
    queryFn: ({ signal }) => pombo.groupLetters(scope as LetterFilter, { signal }),
    refetchInterval: poll,
  });
  return (
    <Page title="Dead letters" aside={<RunningOperations />}>
      <Async
        query={all}
        what="the dead letters"
        isEmpty={({ total }) => total === 0}
        empty={
          <Empty title="Nothing is dead." testId="dead.empty">
            <p>Messages that fail for good come here, with why, to be sent again or discarded.</p>
          </Empty>
        }
      >
        {(groups) => (
          <>
            <Verdict testId="dead.verdict">{lettersVerdict(groups, catalog)}</Verdict>
            <GroupsPanel groups={groups} catalog={catalog} />
            <Async query={some} what="what was chosen" height={120}>
              {(about) => (
                <BulkPanel
                  groups={about}
                  scope={scope}
                  catalog={catalog}
                  chosen={chosen}
                  onDone={() => setChosen(NOBODY)}
                />
              )}
            </Async>
            <LettersPanel scope={scope} chosen={chosen} onChoose={setChosen} />
          </>
        )}
      </Async>
      {search.letter === undefined ? undefined : (
        <LetterDialog
          id={search.letter}
          catalog={catalog}
          onClose={() => change({ letter: undefined })}
        />
      )}
    </Page>
  );
}

/** How many, and what each kind asks for. */
export function lettersVerdict(
  { by_cause: causes, partial }: LetterGroups,
  catalog: Catalog,
): string {
  const counts: Record<Badge, number> = { safe: 0, possible: 0, fix: 0 };
  for (const { effect, error_code: code, count } of causes)
    counts[badgeOf(effect, catalog.get(code))] += count;
  const total = counts.safe + counts.possible + counts.fix;
  const parts = [
    ...(counts.safe === 0 ? [] : [`${counts.safe} safe to resend`]),
    ...(counts.possible === 0 ? [] : [`${counts.possible} may have arrived`]),
    ...(counts.fix === 0 ? [] : [`${counts.fix} to fix first`]),
  ];
  const newest = partial ? "The newest " : "";
  return `${newest}${counted(total, "dead letter")}: ${parts.join(", ")}.`;
}
