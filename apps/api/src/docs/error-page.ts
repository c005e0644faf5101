import { answerOf } from "@pombo/contract";
import {
  catalogRow,
  type Dialect,
  type Effect,
  ERROR_CODES,
  type ErrorClass,
  type ErrorCode,
  type ErrorScope,
  type Remedy,
} from "@pombo/domain";
import { escape, page } from "./page.ts";

const DIALECTS: readonly Dialect[] = ["native", "wuts", "session"];

/** What the caller does. */
const ADVICE: Readonly<Record<ErrorClass, string>> = {
  client: "Change the request: repeated as it is, it fails again.",
  transient:
    "It passes by itself. Repeat the request with growing waits, not before Retry-After where it is given.",
  account:
    "Repeating doesn't help: the owner of the WhatsApp account has to act, or a time has to pass that WhatsApp sets (Retry-After, where it is known).",
};

const SCOPES: Readonly<Record<ErrorScope, string>> = {
  request: "this request",
  message: "this message",
  recipient: "this recipient",
  device: "this device",
  account: "this WhatsApp account",
};

const EFFECTS: Readonly<Record<Effect, string>> = {
  none: "The message has not left.",
  possible: "The message may have left: sending it again may show it twice.",
};

/** What a worker does about it, where the message was accepted already. */
const REMEDIES: { readonly [Kind in Remedy["kind"]]: (remedy: Remedy & { kind: Kind }) => string } =
  {
    fix: () => "It is not tried again: the message becomes a dead letter.",
    backoff: ({ maxAttempts }) =>
      `It tries again with growing waits, ${maxAttempts} times in all; then the message becomes a dead letter.`,
    "once-more": ({ delayMs }) =>
      `It tries once more after ${Math.round(delayMs / 60_000)} minutes.`,
    refresh: () => "It drops what was stale and tries once more, with the same id.",
    park: ({ alert }) =>
      `The messages of the device wait until it is back${alert ? "; somebody has to look at it" : ""}.`,
    throttle: () => "The device rests for a while, longer each time.",
    hold: () => "New chats of the account wait until a time; chats that live go on.",
    reconcile: () =>
      "It waits for evidence, then sends again with the same id, which the phone drops if it has it already.",
    again: () => "It never meets it.",
  };

function remedyOf(remedy: Remedy): string {
  return (REMEDIES[remedy.kind] as (remedy: Remedy) => string)(remedy);
}

/** The page of a code of the catalog. */
export function errorPage(code: ErrorCode): string {
  const row = catalogRow(code);
  const answers = DIALECTS.map((dialect) => {
    const answer = answerOf(dialect, code);
    const shown =
      answer === undefined ? "never an answer" : `${answer.status} <code>${answer.code}</code>`;
    return `<tr><td>${dialect}</td><td>${shown}</td></tr>`;
  });
  return page(
    code,
    `<p class="says">${escape(row.says)}.</p>
<h2>What to do</h2>
<p>${escape(ADVICE[row.class])}</p>
<h2>What it means</h2>
<ul>
<li>Class <code>${row.class}</code>; it is about ${SCOPES[row.scope]}.</li>
<li>${EFFECTS[row.effect]}</li>
<li>When a worker meets it: ${escape(remedyOf(row.remedy))}</li>
</ul>
<h2>HTTP</h2>
<table><tr><th>dialect</th><th>answer</th></tr>
${answers.join("\n")}
</table>
<p>Where it is no answer, it is the <code>last_error</code> of a message, or stands in events and dead letters.</p>`,
  );
}

/** The codes that a dialect answers with in place of others, as `SESSION_NOT_CONNECTED`. */
export const FOREIGN_NAMES: ReadonlyMap<string, readonly ErrorCode[]> = foreignNames();

function foreignNames(): ReadonlyMap<string, readonly ErrorCode[]> {
  const names = new Map<string, ErrorCode[]>();
  for (const code of ERROR_CODES)
    for (const dialect of DIALECTS) {
      const name = answerOf(dialect, code)?.code;
      if (name === undefined || Object.hasOwn(names, name) || isCode(name)) continue;
      names.set(name, [...new Set([...(names.get(name) ?? []), code])]);
    }
  return names;
}

function isCode(name: string): boolean {
  return ERROR_CODES.some((code) => code === name);
}

/** The page of a name that only a dialect has. */
export function foreignNamePage(name: string, codes: readonly ErrorCode[]): string {
  return page(name, `<p class="says">What a dialect answers for:</p>\n${listOf(codes)}`);
}

/** The page of all codes. */
export function errorsPage(): string {
  return page(
    "Errors",
    `<p class="says">One catalog for all dialects; <code>GET /v1/errors</code> serves it as JSON.</p>
${listOf(ERROR_CODES)}`,
  );
}

function listOf(codes: readonly ErrorCode[]): string {
  const items = codes.map(
    (code) =>
      `<li><a href="/docs/errors/${code}"><code>${code}</code></a> ${escape(catalogRow(code).says)}</li>`,
  );
  return `<ul>\n${items.join("\n")}\n</ul>`;
}
