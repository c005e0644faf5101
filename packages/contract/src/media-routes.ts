import { deletedMedia, media, mediaParams, newMediaQuery } from "./media.ts";
import type { Route } from "./route.ts";

export const MEDIA_ROUTES = {
  createMedia: {
    method: "POST",
    path: "/v1/media",
    auth: "messages:send",
    summary: "Upload media once, to be sent many times",
    query: newMediaQuery,
    takesBytes: true,
    creates: true,
    answers: { 201: { says: "Kept; messages may name it as `media_id`.", schema: media } },
    errors: [
      "PAYLOAD_TOO_LARGE",
      "UNSUPPORTED_MEDIA_TYPE",
      "INVALID_REQUEST_FORMAT",
      "MEDIA_UNACCEPTABLE",
      "IDEMPOTENCY_KEY_REUSED",
      "IDEMPOTENCY_KEY_IN_PROGRESS",
    ],
  },
  getMedia: {
    method: "GET",
    path: "/v1/media/:id",
    auth: "messages:read",
    summary: "Read what is known of media",
    params: mediaParams,
    answers: { 200: { says: "The media, without its bytes.", schema: media } },
    errors: ["NOT_FOUND"],
  },
  deleteMedia: {
    method: "DELETE",
    path: "/v1/media/:id",
    auth: "messages:send",
    summary: "Delete media",
    params: mediaParams,
    answers: { 200: { says: "Deleted: no new message may name it.", schema: deletedMedia } },
    errors: ["NOT_FOUND"],
  },
} as const satisfies Record<string, Route>;
