import type { Problem } from "@pombo/contract";

/** What a handler answers: a whole HTTP answer, or a problem that is rendered in the dialect of the path. */
export type Answer =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | Buffer;
      /** For the log. */
      readonly messageId?: string;
    }
  | { readonly kind: "problem"; readonly problem: Problem };

const JSON_TYPE = "application/json; charset=utf-8";

export function json(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Extract<Answer, { kind: "answer" }> {
  return {
    kind: "answer",
    status,
    headers: { "Content-Type": JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  };
}

export function refuse(problem: Problem): Answer {
  return { kind: "problem", problem };
}

/** RFC 3339 UTC with milliseconds. */
export function instant(ms: number): string {
  // Many answers of one turn tell the same moment.
  if (ms !== last.ms) last = { ms, text: new Date(ms).toISOString() };
  return last.text;
}

let last = { ms: 0, text: new Date(0).toISOString() };
