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
      <dl className={styles.facts}>
        <dt>Id</dt>
        <dd>
          <Copyable value={batch.batch_id} label="batch id" />
        </dd>
        <dt>From</dt>
        <dd>{nameOf(senders.data, batch.from)}</dd>
        <dt>Priority</dt>
        <dd>{wordOf(batch.priority)}</dd>
        <dt>Created</dt>
        <dd>
          <Time at={batch.created_at} />
        </dd>
        <Moment name="Uploaded" at={batch.ready_at} />
        <Moment name="Not before" at={batch.send_at} />
        <Moment name="Expires" at={batch.expires_at} />
        <Moment name="Ended" at={batch.ended_at} />
        {quiet === null ? undefined : (
          <>
            <dt>Quiet hours</dt>
            <dd>
              {quiet.from} to {quiet.to}
              {quiet.timezone === undefined ? " on the recipient’s clock" : `, ${quiet.timezone}`}
            </dd>
          </>
        )}
        <dt>Text</dt>
        <dd>
          {batch.template === null ? (
            "Each row brings its own"
          ) : (
            <details>
              <summary>Show the template</summary>
              {batch.template}
            </details>
          )}
        </dd>
      </dl>
    </Panel>
  );
}

function Moment({ name, at }: { readonly name: string; readonly at: string | null }) {
  return at === null ? undefined : (
    <>
      <dt>{name}</dt>
      <dd>
        <Time at={at} />
      </dd>
    </>
  );
}
