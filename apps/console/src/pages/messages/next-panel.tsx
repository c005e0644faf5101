import { useQuery } from "@tanstack/react-query";
import { pombo } from "../../api/client.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Time } from "../../ui/time.tsx";
import styles from "./message-page.module.css";
import { nextBlock } from "./next-block.ts";
import type { MessageDetail } from "./wait-words.ts";

/** What happens next, when, and why. */
export function NextPanel({ message }: { readonly message: MessageDetail }) {
  const most = useMostAttempts(message);
  const { what, why, at, link } = nextBlock(message, most);
  return (
    <Panel title="Next" testId="message.next">
      <div className={styles.next}>
        <p className={styles.what}>{what}</p>
        {at === undefined ? undefined : (
          <p>
            <Countdown until={at} testId="message.countdown" /> (<Time at={at} />)
          </p>
        )}
        <p>
          {why}
          {message.expires_at === null || message.blocked_by === null ? undefined : (
            <>
              {" "}
              It expires at <Time at={message.expires_at} />.
            </>
          )}
        </p>
        {link === undefined ? undefined : (
          <p>
            <AppLink href={link.href}>{link.label}</AppLink>
          </p>
        )}
      </div>
    </Panel>
  );
}

/** How often a message with this last error is tried, from the catalog. */
function useMostAttempts({
  blocked_by: blocker,
  last_error: error,
}: MessageDetail): number | undefined {
  const catalog = useQuery({
    queryKey: ["errors"],
    queryFn: ({ signal }) => pombo.listErrors({}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: blocker === "retry",
  });
  const entry = catalog.data?.errors.find(({ code }) => code === error?.error_code);
  const most = entry?.remedy.maxAttempts;
  return typeof most === "number" ? most : undefined;
}
