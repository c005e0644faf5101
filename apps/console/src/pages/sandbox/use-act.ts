import { useState } from "react";
import { says } from "../../api/says.ts";
import { useAskAgain } from "./use-sandbox.ts";

/** Does something in the sandbox: says that it is under way, why it failed, and lets the windows ask again. */
export function useAct() {
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const askAgain = useAskAgain();
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setFailed(undefined);
    try {
      await work();
      askAgain();
    } catch (error) {
      setFailed(says(error));
    } finally {
      setBusy(false);
    }
  };
  return { act: (work: () => Promise<unknown>): void => void act(work), busy, failed };
}
