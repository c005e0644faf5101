import { Panel } from "../../ui/panel.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Time } from "../../ui/time.tsx";
import type { Output } from "@pombo/sdk";
import { causeSays } from "./device.ts";
import styles from "./devices.module.css";

type Entry = Output<"getDeviceHistory">["history"][number];

const SHOWN = 30;

/** What became of the device, the latest first. */
export function History({ entries }: { readonly entries: readonly Entry[] }) {
  return (
    <Panel title="History" testId="device.history">
      {entries.length === 0 ? <p className={styles.quiet}>Nothing happened yet.</p> : undefined}
      <ol className={styles.history}>
        {entries.slice(0, SHOWN).map((entry) => (
          <li
            key={`${entry.at} ${entry.what} ${entry.state ?? entry.owner ?? ""}`}
            data-state={entry.what}
          >
            <span className={styles.quiet}>
              <Time at={entry.at} />
            </span>
            <Said entry={entry} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Said({ entry }: { readonly entry: Entry }) {
  const { what, state, cause, owner, epoch, key_id: key, error_code: code } = entry;
  if (state !== null) {
    const says = causeSays(cause);
    return (
      <span className={styles.state}>
        <StatusMark status={state} />
        {says === undefined ? "" : says}
        {code === null ? "" : ` (${code})`}
      </span>
    );
  }
  if (owner !== null)
    return <span>{`Worker ${owner.split("#")[0] ?? owner} took it, epoch ${epoch ?? "?"}`}</span>;
  const by = key === null ? "" : ` by ${key}`;
  return <span>{`${LANE_WORDS[what] ?? what}${by}`}</span>;
}

const LANE_WORDS: Readonly<Record<string, string>> = {
  "lane.paused": "Lane paused",
  "lane.resumed": "Lane resumed",
  "lane.blocked": "Lane stalled",
  "lane.unblocked": "Lane goes on",
};
