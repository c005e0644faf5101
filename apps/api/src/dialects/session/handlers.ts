import type { SyncDeps } from "../../send-synchronously.ts";
import { sendText } from "./send-text.ts";

/** One handler for each row of the dialect: parse → map → the same core → render. */
export function sessionHandlers(deps: SyncDeps) {
  return { sessionSendText: sendText(deps) };
}
