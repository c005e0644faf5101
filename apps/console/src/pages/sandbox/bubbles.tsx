import { MessageId } from "../../ui/copyable.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { lookOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import { WAIT_WORDS } from "../messages/wait-words.ts";
import { type Bubble, contentOf, type SentMessage } from "./chat.ts";
import styles from "./sandbox.module.css";

interface ArrivedProps {
  readonly bubble: Bubble;
  readonly told: boolean;
  readonly onTell: () => void;
}

/** What the phone shows. */
export function ArrivedBubble({ bubble, told, onTell }: ArrivedProps) {
  const { message, own, sent, marks } = bubble;
  const id = message.message_id;
  return (
    <li
      className={`${styles.bubble} ${own ? styles.own : ""} ${told ? styles.told : ""}`}
      data-testid={`sandbox.message.${id}`}
      data-state={sent?.status}
    >
      <p className={styles.text}>{contentOf(message)}</p>
      {Object.values(message.reactions).length === 0 ? undefined : (
        <p aria-label="Reactions">{Object.values(message.reactions).join(" ")}</p>
      )}
      <div className={styles.facts}>
        <Time at={message.received_at} />
        {sent === undefined ? undefined : <StatusMark status={sent.status} />}
        <MessageId id={id} />
        {sent === undefined ? undefined : <TellButton told={told} onTell={onTell} />}
      </div>
      {marks.map((mark) => (
        <p key={mark} className={styles.mark}>
          <StatusMark status="unknown">{mark}</StatusMark>
        </p>
      ))}
    </li>
  );
}

function TellButton({ told, onTell }: Pick<ArrivedProps, "told" | "onTell">) {
  return (
    <button type="button" className={styles.tell} aria-pressed={told} onClick={onTell}>
      What Pombo did
    </button>
  );
}

interface WaitingProps {
  readonly message: SentMessage;
  readonly told: boolean;
  readonly onTell: () => void;
}

/** What Pombo has and the phone has not. */
export function WaitingBubble({ message, told, onTell }: WaitingProps) {
  const { message_id: id, status, blocked_by: blocker, error_code: code } = message;
  const waits = blocker === null ? undefined : `Waiting: ${WAIT_WORDS[blocker].short}`;
  return (
    <li
      className={`${styles.bubble} ${styles.waiting} ${told ? styles.told : ""}`}
      data-testid={`sandbox.message.${id}`}
      data-state={status}
    >
      <p className={styles.text}>
        {status === "failed" ? "Not on this phone" : "Not on this phone yet"}
      </p>
      <div className={styles.facts}>
        <StatusMark
          status={status === "queued" && blocker !== null ? "disconnected" : status}
          {...(blocker === null ? {} : { role: "waiting" })}
        >
          {waits ?? lookOf(status).word}
        </StatusMark>
        {code === null ? undefined : <code>{code}</code>}
        <MessageId id={id} />
        <TellButton told={told} onTell={onTell} />
      </div>
    </li>
  );
}
