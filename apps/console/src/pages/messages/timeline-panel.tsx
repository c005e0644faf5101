import { formatClock, formatFullTime } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { buildTimeline, type TimelineRow } from "./build-timeline.ts";
import styles from "./message-page.module.css";
import type { MessageDetail } from "./wait-words.ts";

/** The message's story, the newest last. */
export function TimelinePanel({ message }: { readonly message: MessageDetail }) {
  return (
    <Panel title="Timeline" testId="message.timeline">
      <ol className={styles.timeline}>
        {buildTimeline(message).map((row) => (
          <Line key={`${row.kind} ${row.at} ${row.text}`} row={row} />
        ))}
      </ol>
    </Panel>
  );
}

function Line({ row }: { readonly row: TimelineRow }) {
  const { at, kind, status, text, code, late } = row;
  const ms = Date.parse(at);
  return (
    <li
      className={kind === "wait" ? styles.wait : undefined}
      data-testid={`message.${kind}`}
      data-state={status}
      data-late={late}
    >
      <time dateTime={at} title={formatFullTime(ms)}>
        {formatClock(ms)}
      </time>
      <span className={styles.glyph} aria-hidden>
        {kind === "wait" ? "┆" : GLYPHS[kind]}
      </span>
      <span>
        {text} {code === undefined ? undefined : <StatusMark status={status}>{code}</StatusMark>}
      </span>
    </li>
  );
}

const GLYPHS = { change: "○", attempt: "●" } as const;
