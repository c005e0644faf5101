import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useMissingScope } from "../../api/session.ts";
import { Async, Empty } from "../../ui/async.tsx";
import { Button, ButtonLink } from "../../ui/button.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { Page } from "../../ui/page.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { NewWebhookDialog } from "./new-webhook-dialog.tsx";
import { WebhookDetail } from "./webhook-detail.tsx";
import { urgencyOf, type Webhook, webhooksVerdict } from "./webhook-verdict.ts";
import styles from "./webhooks.module.css";

const POLL_MS = 5_000;
const RANKS = ["needs-you", "waiting", "moving"] as const;

const COLUMNS: readonly Column<Webhook>[] = [
  {
    id: "state",
    header: "State",
    width: "14ch",
    card: "end",
    sortBy: (webhook) => RANKS.indexOf(urgencyOf(webhook)),
    cell: (webhook) => <Mark webhook={webhook} />,
  },
  {
    id: "url",
    header: "Address",
    card: "lead",
    cell: ({ url }) => <span className={styles.url}>{url}</span>,
  },
  { id: "says", header: "For", card: "none", cell: ({ description }) => description || "–" },
  {
    id: "events",
    header: "Hears",
    width: "20ch",
    card: "more",
    cell: ({ events }) => (events.includes("*") ? "everything" : events.join(", ")),
  },
  {
    id: "devices",
    header: "Devices",
    width: "13ch",
    card: "none",
    cell: ({ devices }) => (devices === "*" ? "all" : counted(devices.length, "device")),
  },
  {
    id: "open",
    header: "Open",
    width: "9ch",
    align: "end",
    card: "none",
    cell: ({ deliveries }) => formatCount(deliveries.open),
  },
  {
    id: "retrying",
    header: "Trying again",
    width: "13ch",
    align: "end",
    card: "none",
    cell: ({ deliveries }) => formatCount(deliveries.retrying),
  },
  {
    id: "parked",
    header: "Parked",
    width: "10ch",
    align: "end",
    card: "none",
    cell: ({ deliveries }) => formatCount(deliveries.parked),
  },
];

function Mark({ webhook }: { readonly webhook: Webhook }) {
  const { state, circuit } = webhook;
  return (
    <StatusMark status={state} role={urgencyOf(webhook)}>
      {state === "enabled" && circuit.state === "open" ? "Left alone" : undefined}
    </StatusMark>
  );
}

/** Is the receiver getting everything? */
export function WebhooksPage() {
  const cache = useQueryClient();
  const [search, change] = useSearchState();
  const missing = useMissingScope("devices:manage");
  const poll = usePoll(POLL_MS);
  const webhooks = useQuery({
    queryKey: ["webhooks"],
    queryFn: ({ signal }) => pombo.listWebhooks({}, { signal }),
    refetchInterval: poll,
    enabled: missing === undefined,
  });
  const again = (): Promise<void> => cache.invalidateQueries({ queryKey: ["webhooks"] });
  const id = search["webhook"];
  return (
    <Page
      title="Webhooks"
      aside={
        <>
          {id === undefined ? undefined : <ButtonLink href="/webhooks">All webhooks</ButtonLink>}
          <Button
            variant="primary"
            icon={<Plus aria-hidden size={16} />}
            disabledBecause={missing}
            onClick={() => change({ dialog: "new" }, { push: true })}
            data-testid="webhooks.new"
          >
            New webhook
          </Button>
        </>
      }
    >
      {missing === undefined ? (
        <Async query={webhooks} what="the webhooks" height={200}>
          {({ webhooks: all }) => (
            <>
              <Verdict testId="webhooks.verdict">{webhooksVerdict(all)}</Verdict>
              {id !== undefined ? (
                <Chosen webhook={all.find((one) => one.webhook_id === id)} onChanged={again} />
              ) : all.length === 0 ? (
                <Empty title="A webhook is told every state change, signed, until it says that it got it." />
              ) : (
                <DataTable<Webhook>
                  label="Webhooks"
                  testId="webhooks.list"
                  rows={all}
                  columns={COLUMNS}
                  rowId={(webhook) => webhook.webhook_id}
                  orderKey={all.map((webhook) => webhook.webhook_id).join()}
                  onOpen={(webhook) => change({ webhook: webhook.webhook_id }, { push: true })}
                />
              )}
            </>
          )}
        </Async>
      ) : (
        <Empty title={missing} />
      )}
      {search["dialog"] === "new" && missing === undefined ? (
        <NewWebhookDialog
          onClose={() => change({ dialog: undefined })}
          onCreated={(made) => {
            void again();
            change({ webhook: made });
          }}
        />
      ) : undefined}
    </Page>
  );
}

interface ChosenProps {
  readonly webhook: Webhook | undefined;
  readonly onChanged: () => unknown;
}

function Chosen({ webhook, onChanged }: ChosenProps) {
  if (webhook === undefined)
    return <Empty title="There is no such webhook, or your key may not see it." />;
  return <WebhookDetail key={webhook.webhook_id} webhook={webhook} onChanged={onChanged} />;
}
