import type { Problem } from "@pombo/contract";

/** Why an upload is read no further. */
export type Stop =
  /** It can't be taken, now or ever, as it is. `line`: the physical line that is to blame, from 1. */
  | { readonly kind: "refused"; readonly problem: Problem; readonly line?: number }
  /** It broke off: its sender went away, or the end of its gzip is missing. The same upload may come again. */
  | { readonly kind: "broken"; readonly cause: unknown };

/** Leaves the layers of a reader; `openUpload` and `readRows` turn it into a value. */
export class UploadStop extends Error {
  readonly stop: Stop;

  constructor(stop: Stop) {
    super(stop.kind === "refused" ? (stop.problem.detail ?? stop.problem.code) : "broke off");
    this.name = "UploadStop";
    this.stop = stop;
  }
}

/** @param line the physical line, from 1, where one is to blame */
export function refusal(problem: Problem, line?: number): UploadStop {
  return new UploadStop({ kind: "refused", problem, ...(line === undefined ? {} : { line }) });
}

/** What is not decodable: UTF-8, gzip, JSON, CSV. */
export function undecodable(detail: string, line?: number): UploadStop {
  return refusal({ code: "INVALID_JSON", detail }, line);
}

/** A caught `UploadStop` as a value; anything else is a bug and goes on. */
export function stopOf(error: unknown): Stop {
  if (error instanceof UploadStop) return error.stop;
  throw error;
}
