import type { IncomingMessage } from "node:http";

/** A header of which there is one, or one list: Node has joined what came in several lines. @param name in lower case */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
