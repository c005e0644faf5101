import { json, refuse } from "../../answer.ts";
import type { Handler } from "../../bind-route.ts";
import { sendSynchronously, type SyncDeps } from "../../send-synchronously.ts";
import { plainRecipient, sessionInstant, sessionStatus } from "./render.ts";

/** `POST /api/v1/messages/text`: the device is the one that the key is bound to. */
export function sendText(deps: SyncDeps): Handler<"sessionSendText"> {
  return async (call) => {
    const from = call.caller.deviceId;
    if (from === undefined) return refuse({ code: "NO_SESSION" });
    const { to, message: text } = call.body;
    return sendSynchronously(
      {
        ...call,
        body: { from, to, text },
        route: "sessionSendText",
        dialect: "session",
        present: ({ messageId, status, recipient, createdAt }) =>
          json(201, {
            data: {
              message_id: messageId,
              status: sessionStatus(status),
              to: plainRecipient(recipient),
              created_at: sessionInstant(createdAt),
            },
          }),
      },
      deps,
    );
  };
}
