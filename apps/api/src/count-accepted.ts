import type { Ledger } from "@pombo/ledger";
import type { Metrics } from "@pombo/telemetry";

/** The same ledger; messages that it accepts are counted, repeats are not. */
export function countAccepted(ledger: Ledger, metrics: Metrics): Ledger {
  const accepted = metrics.counter({
    name: "accepted_total",
    help: "Messages that this process accepted, without rows of batches",
    labels: ["class"],
  });
  return {
    ...ledger,
    async accept(...asked) {
      const [message] = asked;
      const answer = await ledger.accept(...asked);
      if (answer.kind === "accepted") accepted({ class: message.priority });
      return answer;
    },
  };
}
