import { useQuery } from "@tanstack/react-query";
import { pombo } from "../api/client.ts";
import { usePoll } from "../api/hold.ts";
import { useSandboxPhones } from "../api/session.ts";
import { AppLink } from "../ui/app-link.tsx";
import { counted } from "../ui/format.ts";
import styles from "./live-mark.module.css";

const LOOK_MS = 5_000;

/** Troubles that are switched on in the sandbox, so that nobody takes them for real ones. */
export function FaultsMark() {
  const faults = useQuery({
    queryKey: ["sandbox", "faults"],
    queryFn: ({ signal }) => pombo.listSandboxFaults({}, { signal }),
    enabled: useSandboxPhones(),
    refetchInterval: usePoll(LOOK_MS),
  });
  const count = faults.data?.faults.length ?? 0;
  if (count === 0) return undefined;
  return (
    <AppLink
      href="/sandbox"
      className={`${styles.mark} ${styles.faults}`}
      data-testid="faults"
      data-value={count}
    >
      {counted(count, "fault")} on
    </AppLink>
  );
}
