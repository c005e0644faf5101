import { TriangleAlert } from "lucide-react";
import { useSession } from "../api/session.ts";
import { useFaults } from "../pages/sandbox/use-sandbox.ts";
import { AppLink } from "../ui/app-link.tsx";
import { counted } from "../ui/format.ts";
import styles from "./faults-mark.module.css";

/** Troubles that somebody switched on: whoever wonders why nothing arrives sees it on every page. */
export function FaultsMark() {
  const session = useSession();
  const may = session?.scopes.includes("ops:read") === true && session.devices === "*";
  const { data } = useFaults(session?.mode === "sandbox" && may);
  const count = data?.faults.length ?? 0;
  if (count === 0) return undefined;
  return (
    <AppLink href="/sandbox" className={styles.mark} data-testid="faults" data-value={count}>
      <TriangleAlert aria-hidden size={14} />
      <span>{counted(count, "fault")} on</span>
    </AppLink>
  );
}
