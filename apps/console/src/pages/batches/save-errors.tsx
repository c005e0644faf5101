import { Download } from "lucide-react";
import { useState } from "react";
import { says } from "../../api/says.ts";
import { Button } from "../../ui/button.tsx";
import { useToast } from "../../ui/toast.tsx";
import { saveErrors } from "./save-results.ts";

/** Saves why rows were left out. */
export function SaveErrors({ id }: { readonly id: string }) {
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  const download = (): void => {
    setBusy(true);
    saveErrors(id)
      .catch((error: unknown) => toast({ title: says(error), stays: true }))
      .finally(() => setBusy(false));
  };
  return (
    <div>
      <Button
        icon={<Download aria-hidden size={16} />}
        busy={busy}
        onClick={download}
        data-testid="batch.save-errors"
      >
        Save as CSV
      </Button>
    </div>
  );
}
