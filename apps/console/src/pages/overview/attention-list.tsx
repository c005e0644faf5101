import { ButtonLink } from "../../ui/button.tsx";
import { formatCount } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import styles from "./overview-page.module.css";
import { type AttentionItem, type Overview } from "./overview.ts";
import { attentionSays, subjectOf } from "./verdict.ts";

/** More would be a list to read, not a place to begin. */
const SHOWN = 7;

/** What needs somebody, the most urgent first: who, what, since when, and one thing to do. */
export function AttentionList({ seen }: { readonly seen: Overview }) {
  const { attention, attention_total: total } = seen;
  const shown = attention.slice(0, SHOWN);
  if (shown.length === 0) return undefined;
  return (
    <Panel title="Needs you" testId="overview.attention">
      <ul className={styles.attention}>
        {shown.map((item) => (
          <Row key={`${item.kind} ${subjectOf(item)}`} item={item} />
        ))}
      </ul>
      {total > shown.length ? (
        <p className={styles.quiet}>
          {formatCount(total - shown.length)} more.{" "}
          <a href="/console/devices?needs=yes">All devices that need you</a>
        </p>
      ) : undefined}
    </Panel>
  );
}

function Row({ item }: { readonly item: AttentionItem }) {
  const { says, role, action } = attentionSays(item);
  const { kind, since, until, size } = item;
  return (
    <li className={styles.item} data-testid={`overview.attention.${kind}`} data-value={size}>
      <StatusMark status={role === "waiting" ? "restricted" : "unexplained"} role={role}>
        {subjectOf(item)}
      </StatusMark>
      <span className={styles.says}>
        {says}
        {since === null ? undefined : (
          <span className={styles.quiet}>
            {" "}
            since <Time at={since} />
          </span>
        )}
        {until === null ? undefined : (
          <span className={styles.quiet}>
            {" "}
            until <Time at={until} />
          </span>
        )}
      </span>
      {action === undefined ? undefined : (
        <ButtonLink href={action.href}>{action.label}</ButtonLink>
      )}
    </li>
  );
}
