import type { Accepted } from "./correspond.ts";
import type { LogEntry } from "./follow-log.ts";

/** What the ledger says of a message at the end. */
export interface Settled {
  readonly status: string;
  readonly timeline: readonly { readonly status: string; readonly error_code?: string }[];
}

/** What a recipient's phone shows. */
export interface Shown {
  readonly id: string;
  readonly text: string;
}

export interface Evidence {
  readonly planned: number;
  readonly accepted: readonly Accepted[];
  readonly odd: readonly string[];
  /** by message id */
  readonly ledger: ReadonlyMap<string, Settled>;
  /** by recipient, in the order in which the phone got them */
  readonly phones: ReadonlyMap<string, readonly Shown[]>;
  readonly log: readonly LogEntry[];
  /** when processes stood still, ms: meanwhile their sockets outlive their leases */
  readonly standstills: readonly { readonly from: number; readonly until: number }[];
}

/** One line of the verdict; `limit` absent: it is only told. */
export interface Finding {
  readonly what: string;
  readonly count: number;
  readonly limit?: number;
  readonly examples: readonly string[];
}

const GONE_OUT: ReadonlySet<string> = new Set(["sent", "delivered", "read", "played"]);
const AT_REST: ReadonlySet<string> = new Set([...GONE_OUT, "failed", "expired", "canceled"]);

/** Compares what was accepted, what the ledger says, what the phones show and what the server saw. */
export function judge(evidence: Evidence): readonly Finding[] {
  const { planned, accepted, odd, ledger } = evidence;
  const status = (id: string): string => ledger.get(id)?.status ?? "absent";
  const count = (wanted: string): number =>
    accepted.filter(({ id }) => status(id) === wanted).length;
  const ours = new Set(accepted.map(({ id }) => id));
  const stanzas = stanzasOf(evidence.log, ours);
  const goneOut = accepted.filter(({ id }) => GONE_OUT.has(status(id)));
  const relayed = new Set([...evidence.phones.values()].flat().map(({ id }) => id));
  return [
    none("not accepted, or oddly answered", odd),
    exactly("accepted", accepted.length, planned),
    none(
      "lost: accepted, and on no phone",
      namesOf(accepted, (id) => !relayed.has(id)),
    ),
    none(
      "stuck: not settled in time",
      namesOf(accepted, (id) => !AT_REST.has(status(id)), status),
    ),
    none(
      "failed",
      namesOf(accepted, (id) => status(id) === "failed", failureOf(ledger)),
    ),
    none("on a phone under two ids", twins(evidence.phones)),
    none("on a phone under another id than the one accepted", strangers(evidence)),
    none("order inversions", inversions(evidence)),
    none("called sent without an ack", sentWithoutAck(evidence)),
    exactly("sent + delivered + read, and relayed ids", goneOut.length, relayed.size),
    none("repeated stanzas without an unknown outcome before", unexplained(stanzas, ledger)),
    none("two owners at once", replacements(evidence)),
    none("log entries of the simulator that were missed", dropped(evidence.log)),
    told("read", count("read")),
    told("delivered, the read receipt lost at a kill", count("delivered")),
    told("sent, both receipts lost at a kill", count("sent")),
    told(
      "messages sent more than once (same id)",
      [...stanzas.values()].filter((n) => n > 1).length,
    ),
    told("requests tried again by their client", accepted.filter(({ tries }) => tries > 1).length),
    told(
      "stanzas that a phone could not decrypt",
      evidence.log.filter(({ kind }) => kind === "unreadable").length,
    ),
  ];
}

export function isViolated({ count, limit }: Finding): boolean {
  return limit !== undefined && count !== limit;
}

function none(what: string, examples: readonly string[]): Finding {
  return { what, count: examples.length, limit: 0, examples };
}

function exactly(what: string, count: number, limit: number): Finding {
  return { what, count, limit, examples: [] };
}

function told(what: string, count: number): Finding {
  return { what, count, examples: [] };
}

function namesOf(
  accepted: readonly Accepted[],
  which: (id: string) => boolean,
  says: (id: string) => string = () => "",
): string[] {
  return accepted.filter(({ id }) => which(id)).map(({ id, text }) => `${id} ${text} ${says(id)}`);
}

function failureOf(ledger: Evidence["ledger"]): (id: string) => string {
  return (id) => {
    const timeline = ledger.get(id)?.timeline ?? [];
    return timeline.map(({ status, error_code: code }) => `${status} ${code ?? ""}`).join(", ");
  };
}

function twins(phones: Evidence["phones"]): string[] {
  return [...phones.values()].flatMap((shown) => {
    const ids = new Map<string, string[]>();
    for (const { id, text } of shown) ids.set(text, [...(ids.get(text) ?? []), id]);
    return [...ids]
      .filter(([, all]) => all.length > 1)
      .map(([text, all]) => `${text} ${all.join(" ")}`);
  });
}

function strangers({ accepted, phones }: Evidence): string[] {
  const texts = new Map(accepted.map(({ id, text }) => [id, text]));
  return [...phones.values()]
    .flat()
    .filter(({ id, text }) => texts.get(id) !== text)
    .map(({ id, text }) => `${id} ${text}`);
}

/** Each recipient's phone shows the texts in the order in which they were accepted. */
function inversions({ accepted, phones }: Evidence): string[] {
  const threads = Map.groupBy(accepted, ({ recipient }) => recipient);
  return [...phones].flatMap(([recipient, shown]) => {
    const order = new Map(threads.get(recipient)?.map(({ text }, index) => [text, index]));
    const places = shown.map(({ text }) => order.get(text) ?? -1);
    return shown
      .filter((_, index) => index > 0 && (places[index] ?? 0) < (places[index - 1] ?? 0))
      .map(({ id, text }) => `${id} ${text}`);
  });
}

function sentWithoutAck({ accepted, ledger, log }: Evidence): string[] {
  const acked = new Set(
    log.filter(({ kind, error }) => kind === "ack" && error === undefined).map(({ id }) => id),
  );
  return namesOf(
    accepted,
    (id) =>
      ledger.get(id)?.timeline.some(({ status }) => status === "sent") === true && !acked.has(id),
  );
}

function stanzasOf(log: readonly LogEntry[], ours: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, id } of log)
    if (kind === "message" && id !== undefined && ours.has(id))
      counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

function unexplained(stanzas: ReadonlyMap<string, number>, ledger: Evidence["ledger"]): string[] {
  return [...stanzas]
    .filter(([id, sent]) => {
      const unknown = ledger.get(id)?.timeline.filter(({ status }) => status === "unknown").length;
      return sent - 1 > (unknown ?? 0);
    })
    .map(([id, sent]) => `${id} sent ${sent} times: ${failureOf(ledger)(id)}`);
}

/** A login that ends another's socket: two processes believed to own the device, unless one of them stood still. */
function replacements({ log, standstills }: Evidence): string[] {
  return log
    .filter(({ kind, reason }) => kind === "close" && reason === "replaced")
    .filter(({ at }) => {
      const time = Date.parse(at);
      return !standstills.some(({ from, until }) => from <= time && time <= until);
    })
    .map(({ at, device }) => `${at} ${device ?? ""}`);
}

function dropped(log: readonly LogEntry[]): string[] {
  return log
    .filter(({ kind, count }) => kind === "dropped" && count !== undefined)
    .map(({ count }) => `${count}`);
}
