import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { serverNow } from "../../api/server-clock.ts";
import { ButtonRow } from "../../ui/button-row.tsx";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { formatCount } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { Time } from "../../ui/time.tsx";
import { useToast } from "../../ui/toast.tsx";
import { useSearchState } from "../../ui/use-search-state.ts";
import { Verdict } from "../../ui/verdict.tsx";
import { Deliveries } from "./deliveries.tsx";
import { RedeliverDialog } from "./redeliver-dialog.tsx";
import { SecretDialog } from "./secret-dialog.tsx";
import { type Webhook, webhookVerdict } from "./webhook-verdict.ts";

interface WebhookDetailProps {
  readonly webhook: Webhook;
  readonly onChanged: () => unknown;
}

type Asking = "redeliver" | "rotate" | "delete";

/** One webhook: what it gets, what it was sent, and what can be done about it. */
export function WebhookDetail({ webhook, onChanged }: WebhookDetailProps) {
  const [, change] = useSearchState();
  const toast = useToast();
  const { webhook_id: id, url } = webhook;
  const [asking, setAsking] = useState<Asking>();
  const [secret, setSecret] = useState<string>();
  const [round, setRound] = useState(0);
  const done = (title: string): void => {
    toast({ title });
    setRound((count) => count + 1);
    onChanged();
  };
  const close = (): void => setAsking(undefined);
  return (
    <Panel title={url} testId="webhook.detail">
      <Verdict testId="webhook.verdict">{webhookVerdict(webhook, serverNow())}</Verdict>
      <Actions webhook={webhook} onAsk={setAsking} onDone={done} />
      <Settings webhook={webhook} />
      <Deliveries id={id} round={round} rests={asking === "delete"} onDone={done} />
      <RedeliverDialog open={asking === "redeliver"} onClose={close} id={id} onDone={done} />
      <ConfirmDialog
        open={asking === "rotate"}
        onClose={close}
        level={1}
        danger={false}
        title="Replace the secret"
        effect={
          <p>
            For a day each request is signed by the new secret and by the old one; then by the new
            one only. The new secret is shown once.
          </p>
        }
        verb="Replace the secret"
        onConfirm={async () => setSecret((await pombo.rotateWebhookSecret({ id })).secret)}
      />
      <ConfirmDialog
        open={asking === "delete"}
        onClose={close}
        level={2}
        typed={id}
        title="Delete this webhook"
        effect={
          <p>
            Nothing is posted to it any more. {formatCount(webhook.deliveries.open)} open and{" "}
            {formatCount(webhook.deliveries.parked)} parked deliveries are gone with it.
          </p>
        }
        verb="Delete 1 webhook"
        onConfirm={async () => {
          await pombo.deleteWebhook({ id });
          // Of what is gone nothing is asked any more.
          change({ webhook: undefined });
          toast({ title: "Deleted the webhook." });
          onChanged();
        }}
      />
      <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />
    </Panel>
  );
}

interface ActionsProps {
  readonly webhook: Webhook;
  readonly onAsk: (what: Asking) => void;
  readonly onDone: (title: string) => void;
}

function Actions({ webhook, onAsk, onDone }: ActionsProps) {
  const toast = useToast();
  const { webhook_id: id, state, circuit, deliveries } = webhook;
  const resting = state !== "enabled" || circuit.state === "open";
  const failing = deliveries.parked + deliveries.retrying;
  const act = (work: Promise<unknown>, title: string): void => {
    work.then(
      () => onDone(title),
      (error: unknown) => toast({ title: says(error), stays: true }),
    );
  };
  return (
    <ButtonRow>
      <Button
        onClick={() => act(pombo.testWebhook({ id }), "A test is on its way: see the deliveries.")}
        data-testid="webhook.test"
      >
        Send a test
      </Button>
      <Button
        disabledBecause={failing === 0 ? "Nothing has failed." : undefined}
        onClick={() => onAsk("redeliver")}
        data-testid="webhook.redeliver"
      >
        Redeliver what failed …
      </Button>
      {resting ? (
        <Button
          variant="primary"
          onClick={() => act(pombo.resumeWebhook({ id }), "Resumed the webhook.")}
          data-testid="webhook.resume"
        >
          Resume
        </Button>
      ) : undefined}
      {state === "enabled" ? (
        <Button
          onClick={() =>
            act(pombo.changeWebhook({ id, enabled: false }), "Switched the webhook off.")
          }
        >
          Switch off
        </Button>
      ) : undefined}
      <Button onClick={() => onAsk("rotate")}>Replace the secret …</Button>
      <Button variant="danger" onClick={() => onAsk("delete")}>
        Delete …
      </Button>
    </ButtonRow>
  );
}

function Settings({ webhook }: { readonly webhook: Webhook }) {
  const { old_secret_expires_at: old, gap, replay } = webhook;
  return (
    <Facts>
      <Fact name="Id">
        <code>{webhook.webhook_id}</code>
      </Fact>
      <Fact name="Hears">
        {webhook.events.includes("*") ? "everything" : webhook.events.join(", ")}
      </Fact>
      <Fact name="Since">
        <Time at={webhook.state_since} />
      </Fact>
      {old === null ? undefined : (
        <Fact name="Old secret">
          signs as well until <Time at={old} />
        </Fact>
      )}
      {gap === null ? undefined : (
        <Fact name="Not told">
          events behind <code>{gap.from_cursor}</code> up to <code>{gap.to_cursor}</code>
        </Fact>
      )}
      {replay === null ? undefined : (
        <Fact name="Told once more">
          up to <code>{replay.to_cursor}</code>
        </Fact>
      )}
    </Facts>
  );
}
