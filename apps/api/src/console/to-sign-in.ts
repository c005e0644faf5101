import type { Answer } from "../answer.ts";

/** To the page that signs in, and from there back. @param url path and query */
export function toSignIn(url: string): Answer {
  const headers = { Location: `/console/sign-in?next=${encodeURIComponent(url)}` };
  return { kind: "answer", status: 303, headers, body: "" };
}
