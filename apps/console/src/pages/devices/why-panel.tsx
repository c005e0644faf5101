import { Check, Minus, TriangleAlert } from "lucide-react";
import { AppLink } from "../../ui/app-link.tsx";
import { ButtonLink } from "../../ui/button.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Time } from "../../ui/time.tsx";
import { type Gate, type Lane, type LaneGates } from "./device.ts";
import styles from "./devices.module.css";
import { diagnosisOf, gateWord, reasonSays, whyOf } from "./why.ts";

interface WhyProps {
  readonly gates: LaneGates;
  readonly lane: Lane;
}

/** The first blocker as a sentence, then every gate in the order in which messages pass them. */
export function WhyPanel({ gates, lane }: WhyProps) {
  const why = whyOf(gates, lane);
  const id = gates.device_id;
  return (
    <Panel title="Why is this lane not sending?" testId="device.why">
      {why.unexplained ? (
        <Note role="needs-you">
          <p data-testid="device.why.sentence" data-state="unexplained">
            Unexplained. {why.sentence}
          </p>
          <Copyable
            value={diagnosisOf(gates, lane)}
            label="diagnosis"
            shown="Diagnosis for a report"
          />
        </Note>
      ) : (
        <p data-testid="device.why.sentence" data-state={why.blocker?.gate ?? "free"}>
          {why.sentence}
        </p>
      )}
      <ol className={styles.gates} aria-label="Gates in the order of dispatch">
        {gates.gates.map((gate) => (
          <GateMark key={gate.gate} gate={gate} />
        ))}
      </ol>
      {gates.waiting.length === 0 ? undefined : (
        <ul className={styles.waits} aria-label="What waits, by reason">
          {gates.waiting.map(({ reason, count, until, message_id: first }) => (
            <li key={reason} data-testid={`device.waiting.${reason}`} data-value={count}>
              {counted(count, "waits", "wait")} for {reasonSays(reason)}
              {until === null ? undefined : (
                <>
                  , first <Time at={until} />
                </>
              )}
              {first === null ? undefined : (
                <>
                  {" · "}
                  <AppLink href={`/messages/${first}`}>open the first</AppLink>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {gates.complete ? undefined : (
        <p className={styles.quiet}>
          Only the latest 10,000 messages of this device were looked at; there may be more that wait
          for a time or behind others.
        </p>
      )}
      {why.blocker?.gate === "worker" ? (
        <ButtonLink href="/#workers">Workers</ButtonLink>
      ) : undefined}
      {why.blocker?.gate === "batch" ? (
        <ButtonLink href={`/batches?device=${id}`}>Batches</ButtonLink>
      ) : undefined}
    </Panel>
  );
}

const STATES = { pass: "passes", stop: "stops", not_reached: "not reached" } as const;

function GateMark({ gate: { gate, state, waiting, until } }: { readonly gate: Gate }) {
  const Icon = state === "pass" ? Check : state === "stop" ? TriangleAlert : Minus;
  return (
    <li
      className={`${styles.gate} ${styles[state]}`}
      data-testid={`device.gate.${gate}`}
      data-state={state}
      data-value={waiting}
      title={`${STATES[state]}${waiting > 0 ? `; ${counted(waiting, "message")}` : ""}${until === null ? "" : ` until ${until}`}`}
    >
      <Icon aria-hidden size={14} strokeWidth={2.5} />
      {gateWord({ gate, state, waiting })}
      <span className={styles.hidden}>: {STATES[state]}</span>
      {waiting > 0 ? ` ${formatCount(waiting)}` : ""}
    </li>
  );
}
