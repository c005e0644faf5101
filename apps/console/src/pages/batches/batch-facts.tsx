import { Fact, Facts } from "../../ui/facts.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Panel } from "../../ui/panel.tsx";
import { wordOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import styles from "./batches.module.css";
import type { Batch } from "./outcome.ts";
import { nameOf, useSenders } from "../../api/use-senders.ts";

/** How it was wanted. */
export function BatchFacts({ batch }: { readonly batch: Batch }) {
  const senders = useSenders();
  const { quiet_hours: quiet } = batch;
  return (
    <Panel title="Settings" testId="batch.settings">
      <Facts>
        <Fact name="Id">
          <Copyable value={batch.batch_id} label="batch id" />
        </Fact>
        <Fact name="From">{nameOf(senders.data, batch.from)}</Fact>
        <Fact name="Priority">{wordOf(batch.priority)}</Fact>
        <Fact name="Created">
          <Time at={batch.created_at} />
        </Fact>
        <Moment name="Uploaded" at={batch.ready_at} />
        <Moment name="Not before" at={batch.send_at} />
        <Moment name="Expires" at={batch.expires_at} />
        <Moment name="Ended" at={batch.ended_at} />
        {quiet === null ? undefined : (
          <Fact name="Quiet hours">
            {quiet.from} to {quiet.to}
            {quiet.timezone === undefined ? " on the recipient’s clock" : `, ${quiet.timezone}`}
          </Fact>
        )}
        <Fact name="Text">
          {batch.template === null ? (
            "Each row brings its own"
          ) : (
            <details className={styles.words}>
              <summary>Show the template</summary>
              {batch.template}
            </details>
          )}
        </Fact>
      </Facts>
    </Panel>
  );
}

function Moment({ name, at }: { readonly name: string; readonly at: string | null }) {
  return at === null ? undefined : (
    <Fact name={name}>
      <Time at={at} />
    </Fact>
  );
}
