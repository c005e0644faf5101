import type { SyncDeps } from "../../send-synchronously.ts";
import { sendText } from "./send.ts";

export type WutsDeps = SyncDeps;

/** One handler for each row of the dialect: parse → map → the same core → render. */
export function wutsHandlers(deps: WutsDeps) {
  return { wutsSendText: sendText(deps) };
}
