import type { ErrorCode } from "@pombo/domain";

/**
 * Rejections of Baileys that carry no code of the server. Whether the message may have left is not decided here: the sender has
 * seen whether it was handed to the socket.
 */
export interface RejectionRow {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** A bare number is the close code of the WebSocket: the connection ended during a query. */
export const CLOSED_IN_QUERY: RejectionRow = {
  code: "DEVICE_DISCONNECTED",
  detail: "the connection closed before the message was handed over",
};

/** By `error.output.statusCode`. */
export const REJECTION_BY_STATUS: Readonly<Record<number, RejectionRow>> = {
  400: { code: "SEND_REJECTED", detail: "the client can't send such content" },
  401: { code: "DEVICE_NOT_READY", detail: "the device is not logged in" },
  408: { code: "DEVICE_DISCONNECTED", detail: "the connection timed out" },
  428: { code: "DEVICE_DISCONNECTED", detail: "the connection is closed" },
};

/** By `error.message`; the texts are those of the pinned release. */
export const REJECTION_BY_TEXT: Readonly<Record<string, RejectionRow>> = {
  "All encryptions failed": {
    code: "CLIENT_ERROR",
    detail: "no device of the recipient could be encrypted for",
  },
  "Media upload failed on all hosts": {
    code: "MEDIA_UPLOAD_FAILED",
    detail: "no media host took the upload",
  },
};

/** By `error.code` of Node. */
export const REJECTION_BY_ERRNO: Readonly<Record<string, RejectionRow>> = {
  ENOENT: { code: "MEDIA_UNACCEPTABLE", detail: "the media file is missing" },
};

export const UNKNOWN_REJECTION: RejectionRow = {
  code: "CLIENT_ERROR",
  detail: "the client failed in an unknown way",
};
