import { seesInstallation, useSession } from "../../api/session.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Async, Empty } from "../../ui/async.tsx";
import { Note } from "../../ui/note.tsx";
import { Page } from "../../ui/page.tsx";
import { useNow } from "../../ui/use-now.ts";
import { counted } from "../../ui/format.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { AttentionList } from "./attention-list.tsx";
import { DevicesByState, FailuresByCode, StoppedLanes } from "./breakdowns.tsx";
import { FlowChart, FlowFigures } from "./flow.tsx";
import styles from "./overview-page.module.css";
import type { Overview } from "./overview.ts";
import { useOverview } from "./use-overview.ts";
import { outageSays, verdictOf } from "./verdict.ts";
import { WorkersPanel } from "./workers-panel.tsx";

/** Where a key sees its own part. */
const PARTS = [
  { href: "/devices", word: "Devices", scope: "devices:manage" },
  { href: "/messages", word: "Messages", scope: "messages:read" },
  { href: "/batches", word: "Batches", scope: "messages:read" },
  { href: "/dead-letters", word: "Dead letters", scope: "ops:read" },
] as const;

/** Are messages flowing, and what needs me? */
export function OverviewPage() {
  const session = useSession();
  const sees = session !== undefined && seesInstallation(session);
  const { query, outage } = useOverview(sees);
  if (session !== undefined && !sees)
    return (
      <Page title="Overview">
        <Empty title="Your key can’t see the whole installation." testId="overview.limited">
          <p>
            That takes the scope ops:read, for all devices. Your key is for{" "}
            {session.devices === "*" ? "all devices" : counted(session.devices.length, "device")},
            with {session.scopes.join(", ")}.
          </p>
          <p>
            {PARTS.filter(({ scope }) => session.scopes.includes(scope)).map(({ href, word }) => (
              <AppLink key={href} href={href} className={styles.part}>
                {word}
              </AppLink>
            ))}
          </p>
        </Empty>
      </Page>
    );
  return (
    <Page title="Overview">
      {outage === undefined ? undefined : (
        <Note role="needs-you">
          <span data-testid="overview.outage">{outageSays(outage)}</span>
        </Note>
      )}
      <Async query={query} what="the overview" height={640}>
        {(seen) => <Content seen={seen} stale={outage !== undefined || query.error !== null} />}
      </Async>
    </Page>
  );
}

interface ContentProps {
  readonly seen: Overview;
  /** It is of a while ago. */
  readonly stale: boolean;
}

function Content({ seen, stale }: ContentProps) {
  const now = useNow();
  return (
    <div className={styles.content} data-testid="overview" data-state={stale ? "stale" : "live"}>
      {stale ? undefined : <Verdict testId="overview.verdict">{verdictOf(seen, now)}</Verdict>}
      <AttentionList seen={seen} />
      <FlowFigures seen={seen} now={now} />
      <FlowChart seen={seen} />
      <div className={styles.panels}>
        <FailuresByCode seen={seen} />
        <DevicesByState seen={seen} />
        <StoppedLanes seen={seen} />
        <WorkersPanel seen={seen} />
      </div>
    </div>
  );
}
