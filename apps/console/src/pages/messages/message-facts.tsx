import type { ReactNode } from "react";
import { Fact, Facts } from "../../ui/facts.tsx";
import { AppLink } from "../../ui/app-link.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Panel } from "../../ui/panel.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { Time } from "../../ui/time.tsx";
import styles from "./message-page.module.css";
import type { MessageDetail } from "./wait-words.ts";

/** What was asked for. The words stay folded until somebody wants to read them. */
export function MessageFacts({ message }: { readonly message: MessageDetail }) {
  return (
    <Panel title="Message" testId="message.facts">
      <Facts>
        {factsOf(message).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </Facts>
      <details>
        <summary>What it says</summary>
        <p className={styles.text} data-testid="message.text">
          {message.text === "" ? `It has no words: it is a ${message.kind}.` : message.text}
        </p>
      </details>
    </Panel>
  );
}

function factsOf(message: MessageDetail): readonly (readonly [string, ReactNode])[] {
  const { device_id: device, pool_id: pool, batch_id: batch, target_id: target } = message;
  const all: readonly (readonly [string, ReactNode])[] = [
    ["To", <PhoneNumber value={message.chat_jid.replace(/@s\.whatsapp\.net$/, "")} />],
    [
      "Device",
      device === null ? undefined : <AppLink href={`/devices/${device}`}>{device}</AppLink>,
    ],
    ["Pool", pool],
    ["Batch", batch === null ? undefined : <AppLink href={`/batches/${batch}`}>{batch}</AppLink>],
    ["Kind", message.kind],
    ["Priority", message.priority],
    [
      "Changes",
      target === undefined ? undefined : <AppLink href={`/messages/${target}`}>{target}</AppLink>,
    ],
    ["client_ref", textOr(message.client_ref, "client_ref")],
    ["Accepted", <Time at={message.created_at} />],
    ["Not before", timeOr(message.send_at)],
    ["Expires", timeOr(message.expires_at)],
    ["Quiet hours", message.quiet_hours === null ? undefined : quietWords(message.quiet_hours)],
    ["Attempts", message.attempts],
    [
      "metadata",
      message.metadata === null ? undefined : <code>{JSON.stringify(message.metadata)}</code>,
    ],
  ];
  return all.filter(([, value]) => value !== undefined && value !== null);
}

function textOr(text: string | null, label: string): ReactNode {
  return text === null ? undefined : <Copyable value={text} label={label} />;
}

function timeOr(at: string | null): ReactNode {
  return at === null ? undefined : <Time at={at} />;
}

function quietWords({ from, to, timezone }: NonNullable<MessageDetail["quiet_hours"]>): string {
  return `${from} to ${to}${timezone === undefined ? "" : ` (${timezone})`}`;
}
