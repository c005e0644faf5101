import { type AcceptDeps, acceptMessage } from "../accept-message.ts";
import type { Handler } from "../bind-route.ts";

/** `POST /v1/messages` */
export function sendMessage(deps: AcceptDeps): Handler<"sendMessage"> {
  return (call) => acceptMessage(call, deps);
}
