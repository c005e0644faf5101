import type { SyncDeps } from "../../send-synchronously.ts";
import {
  getSessionMessage,
  listSessionMessages,
  listSessionReceived,
  type ReadDeps,
} from "./read-messages.ts";
import { sendText } from "./send-text.ts";

export type SessionDeps = SyncDeps & ReadDeps;

/** One handler for each row of the dialect: parse → map → the same core → render. */
export function sessionHandlers(deps: SessionDeps) {
  return {
    sessionSendText: sendText(deps),
    sessionListMessages: listSessionMessages(deps),
    sessionListReceived: listSessionReceived(deps),
    sessionGetMessage: getSessionMessage(deps),
  };
}
