import { Download, Pause, Play, Square } from "lucide-react";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { useMissingScope } from "../../api/session.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { counted, formatCount } from "../../ui/format.ts";
import { useToast } from "../../ui/toast.tsx";
import { type Batch, waiting, withWhatsApp } from "./outcome.ts";
import { saveResults } from "./save-results.ts";

interface BatchActionsProps {
  readonly batch: Batch;
  readonly onChanged: () => void;
}

const ENDED: readonly Batch["status"][] = ["completed", "canceled", "abandoned"];

/** Pause and resume at once, with a way back; cancel after its effect was read. */
export function BatchActions({ batch, onChanged }: BatchActionsProps) {
  const { batch_id: id, status } = batch;
  const toast = useToast();
  const missing = useMissingScope("messages:send");
  const [canceling, setCanceling] = useState(false);
  const steer = async (wish: "pauseBatch" | "resumeBatch"): Promise<void> => {
    try {
      await pombo[wish]({ id });
      onChanged();
      const paused = wish === "pauseBatch";
      toast({
        title: paused ? "Paused the batch." : "Resumed the batch.",
        undo: () => void steer(paused ? "resumeBatch" : "pauseBatch"),
      });
    } catch (error) {
      toast({ title: says(error), stays: true });
    }
  };
  const download = (): void => {
    saveResults(id).catch((error: unknown) => toast({ title: says(error), stays: true }));
  };
  return (
    <>
      <Button
        icon={<Download aria-hidden size={16} />}
        onClick={download}
        data-testid="batch.results"
      >
        Results
      </Button>
      {ENDED.includes(status) ? undefined : (
        <>
          {status === "paused" ? (
            <Button
              icon={<Play aria-hidden size={16} />}
              variant="primary"
              disabledBecause={missing}
              onClick={() => void steer("resumeBatch")}
              data-testid="batch.resume"
            >
              Resume
            </Button>
          ) : (
            <Button
              icon={<Pause aria-hidden size={16} />}
              disabledBecause={missing}
              onClick={() => void steer("pauseBatch")}
              data-testid="batch.pause"
            >
              Pause
            </Button>
          )}
          <Button
            icon={<Square aria-hidden size={16} />}
            variant="danger"
            disabledBecause={missing}
            onClick={() => setCanceling(true)}
            data-testid="batch.cancel"
          >
            Cancel …
          </Button>
        </>
      )}
      <ConfirmDialog
        open={canceling}
        onClose={() => setCanceling(false)}
        level={1}
        title="Cancel this batch"
        effect={<Effect counts={batch.counts} />}
        keep="Keep sending"
        verb={`Cancel ${formatCount(waiting(batch.counts))}`}
        onConfirm={async () => {
          await pombo.cancelBatch({ id });
          onChanged();
        }}
        testId="batch.cancel-dialog"
      />
    </>
  );
}

function Effect({ counts }: { readonly counts: Batch["counts"] }) {
  const gone = withWhatsApp(counts);
  return (
    <>
      <p>
        {counted(waiting(counts), "message")} will never be sent. A canceled batch can’t be resumed.
      </p>
      <p data-testid="batch.cancel-gone" data-value={gone}>
        {gone === 0
          ? "None is with WhatsApp yet."
          : `${formatCount(gone)} ${gone === 1 ? "is" : "are"} already with WhatsApp and can’t be recalled.`}
      </p>
    </>
  );
}
