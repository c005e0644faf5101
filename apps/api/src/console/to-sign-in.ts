import type { IncomingMessage } from "node:http";
import type { Answer } from "../answer.ts";

interface Asked extends Pick<IncomingMessage, "headers"> {
  /** Path and query, as they came. */
  readonly originalUrl: string;
}

/**
 * To the page that signs in, and from there back. Behind a link of another site the browser sends no cookie (`SameSite=Strict`): that
 * page, being ours, is told to ask again whether somebody is signed in.
 */
export function toSignIn({ originalUrl, headers }: Asked): Answer {
  const site = headers["sec-fetch-site"];
  const again = site === "cross-site" || site === "same-site" ? "&elsewhere=yes" : "";
  const location = `/console/sign-in?next=${encodeURIComponent(originalUrl)}${again}`;
  return { kind: "answer", status: 303, headers: { Location: location }, body: "" };
}
