import type { Output } from "@pombo/sdk";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { Async, Empty, NoMatch } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { formatCount, formatDuration } from "../../ui/format.ts";
import { SelectField } from "../../ui/select-field.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import type { Role } from "../../ui/status-role.ts";
import { wordOf } from "../../ui/status-role.ts";
import { Time } from "../../ui/time.tsx";
import { useToast } from "../../ui/toast.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { answerText, redeliveredOne } from "./webhook-verdict.ts";

type Delivery = Output<"listDeliveries">["deliveries"][number];

const STATES = ["open", "retrying", "delivered", "parked", "failed"] as const;
const ROLES: Readonly<Record<Delivery["state"], Role>> = {
  open: "neutral",
  retrying: "waiting",
  delivered: "moving",
  parked: "needs-you",
  failed: "needs-you",
};
const POLL_MS = 2_000;
const PAGE = 200;

interface DeliveriesProps {
  readonly id: string;
  /** Grows with everything that was done: the list is asked for anew, and shows what is new. */
  readonly round: number;
  /** It may be gone at any moment: the list stays as it is. */
  readonly rests: boolean;
  readonly onDone: (title: string) => void;
}

/** What was posted, how it was answered, and when it is tried again. */
export function Deliveries({ id, round, rests, onDone }: DeliveriesProps) {
  const [search, change] = useSearchState();
  const missing = useMissingScope("ops:read");
  const state = STATES.find((one) => one === search["deliveries"]);
  const [shown, setShown] = useState(0);
  const poll = usePoll(POLL_MS);
  const list = useQuery({
    queryKey: ["deliveries", id, state ?? "", round],
    queryFn: ({ signal }) =>
      pombo.listDeliveries(
        { id, limit: PAGE, ...(state === undefined ? {} : { state }) },
        { signal },
      ),
    refetchInterval: rests ? false : poll,
    placeholderData: keepPreviousData,
    enabled: missing === undefined,
  });
  if (missing !== undefined) return <Empty title={missing} />;
  return (
    <>
      <SelectField
        label="Deliveries"
        value={state ?? ""}
        onChange={(next) => change({ deliveries: next })}
        options={[
          { value: "", label: "The last ones" },
          ...STATES.map((one) => ({ value: one, label: wordOf(one) })),
        ]}
      />
      <Async
        query={list}
        what="its deliveries"
        height={200}
        isEmpty={({ deliveries }) => deliveries.length === 0}
        empty={
          state === undefined ? (
            <Empty title="Nothing was posted yet. Send a test." />
          ) : (
            <NoMatch
              title={`No delivery is ${wordOf(state).toLowerCase()}.`}
              onClear={() => change({ deliveries: undefined })}
            />
          )
        }
      >
        {({ deliveries }) => (
          <DataTable<Delivery>
            label="Deliveries"
            testId="webhook.deliveries"
            rows={deliveries}
            columns={columnsOf(id, (title) => {
              setShown(shown + 1);
              onDone(title);
            })}
            rowId={(one) => one.delivery_id}
            // Rows of the round before keep the place until those of this one are here.
            orderKey={`${state ?? ""} ${round} ${shown} ${String(list.isPlaceholderData)}`}
          />
        )}
      </Async>
    </>
  );
}

function columnsOf(id: string, onDone: (title: string) => void): readonly Column<Delivery>[] {
  return [
    {
      id: "state",
      header: "State",
      width: "14ch",
      card: "end",
      cell: ({ state }) => <StatusMark status={state} role={ROLES[state]} />,
    },
    { id: "type", header: "Event", width: "22ch", card: "lead", cell: ({ type }) => type },
    {
      id: "answer",
      header: "Answer",
      width: "12ch",
      card: "more",
      cell: (one) => <span data-testid="delivery.answer">{answerText(one)}</span>,
    },
    {
      id: "took",
      header: "Took",
      width: "9ch",
      align: "end",
      card: "none",
      cell: ({ duration_ms: ms }) => (ms === null ? "–" : formatDuration(ms)),
    },
    {
      id: "said",
      header: "It said",
      card: "none",
      cell: ({ response_excerpt: text }) => (
        <span data-testid="delivery.excerpt" title={text ?? undefined}>
          {text ?? "–"}
        </span>
      ),
    },
    {
      id: "tries",
      header: "Tries",
      width: "8ch",
      align: "end",
      card: "none",
      cell: ({ attempts }) => formatCount(attempts),
    },
    {
      id: "next",
      header: "Next try",
      width: "12ch",
      card: "none",
      cell: ({ next_attempt_at: at }) => (at === null ? "–" : <Countdown until={at} />),
    },
    {
      id: "changed",
      header: "Changed",
      width: "16ch",
      card: "none",
      cell: ({ last_change: at }) => <Time at={at} />,
    },
    {
      id: "act",
      header: "Act",
      width: "17ch",
      card: "more-end",
      cell: (one) => <Again id={id} delivery={one} onDone={onDone} />,
    },
  ];
}

interface AgainProps {
  readonly id: string;
  readonly delivery: Delivery;
  readonly onDone: (title: string) => void;
}

function Again({ id, delivery, onDone }: AgainProps) {
  const toast = useToast();
  const missing = useMissingScope("devices:manage");
  if (delivery.type === "webhook.test") return "–";
  const again = (): void => {
    pombo.redeliverWebhook({ id, delivery_id: delivery.delivery_id }).then(
      (told) => onDone(redeliveredOne(told)),
      (error: unknown) => toast({ title: says(error), stays: true }),
    );
  };
  return (
    <Button disabledBecause={missing} onClick={again}>
      Redeliver
    </Button>
  );
}
