import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { Async } from "../../ui/async.tsx";
import { MessageId } from "../../ui/copyable.tsx";
import { Page } from "../../ui/page.tsx";
import { Verdict } from "../../ui/verdict.tsx";
import { MessageActions } from "./message-actions.tsx";
import { MessageFacts } from "./message-facts.tsx";
import styles from "./message-page.module.css";
import { MessageState } from "./message-state.tsx";
import { messageVerdict } from "./message-verdict.ts";
import { NextPanel } from "./next-panel.tsx";
import { TimelinePanel } from "./timeline-panel.tsx";

const POLL_MS = 2_000;

export function MessagePage() {
  const { id = "" }: { readonly id?: string } = useParams({ strict: false });
  const poll = usePoll(POLL_MS);
  const message = useQuery({
    queryKey: ["message", id],
    queryFn: ({ signal }) => pombo.getMessage({ id }, { signal }),
    refetchInterval: poll,
  });
  return (
    <Page title="Message" aside={<MessageId id={id} testId="message.id" />}>
      <Async query={message} what="this message" height={420}>
        {(found) => (
          <>
            <div>
              <MessageState row={found} />
            </div>
            <Verdict testId="message.verdict">{messageVerdict(found)}</Verdict>
            <NextPanel message={found} />
            <div className={styles.columns}>
              <TimelinePanel message={found} />
              <MessageFacts message={found} />
            </div>
            <MessageActions message={found} />
          </>
        )}
      </Async>
    </Page>
  );
}
