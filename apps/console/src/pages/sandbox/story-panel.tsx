import { PomboError } from "@pombo/sdk";
import { AppLink } from "../../ui/app-link.tsx";
import { Async, Empty } from "../../ui/async.tsx";
import { MessageId } from "../../ui/copyable.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { formatClock } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { Time } from "../../ui/time.tsx";
import { Verdict } from "../../ui/verdict.tsx";
import { messageVerdict } from "../messages/message-verdict.ts";
import { nextBlock } from "../messages/next-block.ts";
import type { MessageDetail } from "../messages/wait-words.ts";
import styles from "./sandbox.module.css";
import { tellStory } from "./story.ts";
import { useStory } from "./use-sandbox.ts";

/** One message by its id: what Pombo noted, and what WhatsApp and the phone did. */
export function StoryPanel({ id }: { readonly id: string | undefined }) {
  const { message, log } = useStory(id);
  if (id === undefined)
    return (
      <Panel title="What Pombo did" testId="sandbox.story">
        <Empty title="No message is chosen.">
          <p>Send one, or press “What Pombo did” at a message.</p>
        </Empty>
      </Panel>
    );
  const gone = message.error instanceof PomboError && message.error.status === 404;
  return (
    <Panel title="What Pombo did" aside={<MessageId id={id} />} testId="sandbox.story">
      {gone ? (
        <p>Pombo did not send this message, or keeps it no more.</p>
      ) : (
        <Async query={message} what="the message" height={80}>
          {(data) => <State message={data} />}
        </Async>
      )}
      <Async query={log} what="what happened" height={160}>
        {({ entries }) => (
          <ol className={styles.story}>
            {tellStory(message.data, entries).map((row) => (
              <li key={row.key} className={row.trouble === true ? styles.trouble : undefined}>
                <time dateTime={row.at} className={styles.clock}>
                  {formatClock(Date.parse(row.at))}
                </time>
                <span className={styles.by}>{row.by}</span>
                <span>
                  {row.text}
                  {row.code === undefined ? undefined : (
                    <>
                      {" "}
                      <code>{row.code}</code>
                    </>
                  )}
                </span>
              </li>
            ))}
          </ol>
        )}
      </Async>
      <p>
        <AppLink href={`/messages/${id}`}>All about this message</AppLink>
      </p>
    </Panel>
  );
}

function State({ message }: { readonly message: MessageDetail }) {
  const { what, why, at, link } = nextBlock(message);
  return (
    <>
      <Verdict testId="sandbox.verdict">{messageVerdict(message)}</Verdict>
      <div className={styles.next} data-testid="sandbox.next">
        <p>
          <b>Next:</b> {what}{" "}
          {at === undefined ? undefined : (
            <>
              <Countdown until={at} /> (<Time at={at} />)
            </>
          )}
        </p>
        <p>{why}</p>
        {link === undefined ? undefined : (
          <p>
            <AppLink href={link.href}>{link.label}</AppLink>
          </p>
        )}
      </div>
    </>
  );
}
