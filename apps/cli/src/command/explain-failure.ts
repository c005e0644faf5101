import { type ErrorCode, isErrorCode } from "@pombo/domain";
import { PomboError } from "@pombo/sdk";
import { oneLine } from "../terminal/table.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { Stopped } from "./stopped.ts";

export interface ExplainedFailure {
  readonly code: ExitCode;
  /** The first says what went wrong, the others help. */
  readonly lines: readonly string[];
}

/** What a person is told when a command fails; undefined for a bug. */
export function explainFailure(error: unknown): ExplainedFailure | undefined {
  if (error instanceof Stopped) return { code: error.code, lines: error.message.split("\n") };
  if (!(error instanceof PomboError)) return undefined;
  const code = error.class === "transient" ? EXIT.unavailable : EXIT.refused;
  return { code, lines: linesOf(error).map(untrusted) };
}

/** It may repeat what somebody sent. */
function untrusted(line: string): string {
  const indent = /^ */.exec(line)?.[0] ?? "";
  return indent + oneLine(line.trimStart());
}

function linesOf(error: PomboError): string[] {
  if (error.code === "NO_ANSWER")
    return [`Pombo can't be reached: ${rootOf(error)}.`, "Is the URL right, and does it run?"];
  const fields = error.validation
    .filter(({ message }) => message !== error.detail)
    .map(({ field, message }) => `  ${field}: ${message}`);
  const hint = isErrorCode(error.code) ? HINTS[error.code] : undefined;
  const more = isErrorCode(error.code) ? [`More: pombo errors ${error.code}`] : [];
  return [`${error.code}: ${error.detail}`, ...fields, ...(hint === undefined ? more : [hint])];
}

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  UNAUTHORIZED: "Say an API key in POMBO_API_KEY or by --key.",
  INVALID_API_KEY: "The key is unknown, revoked or expired, or it belongs to another Pombo.",
  FORBIDDEN: "The key lacks the scope for this, or may not use that device.",
  DEVICE_NOT_FOUND: "pombo devices list shows those that there are.",
  MESSAGE_NOT_FOUND: "It never was, is no longer kept, or the key may not see it.",
  IDEMPOTENCY_KEY_IN_PROGRESS: "The same request is under way: try again in a moment.",
  METHOD_NOT_ALLOWED: "This Pombo is older than this command.",
};

/** The deepest cause says what the network said. */
function rootOf(error: Error): string {
  let deepest: Error = error;
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  const [first] = deepest instanceof AggregateError ? (deepest.errors as Error[]) : [deepest];
  return (first?.message ?? deepest.message).replace(/\.$/, "");
}
