import { expect, test } from "vitest";
import { checkType } from "./index.ts";

test.each([
  { kind: "image", detected: "image/jpeg", mimeType: "image/jpeg" },
  { kind: "image", declared: "image/jpg", detected: "image/jpeg", mimeType: "image/jpeg" },
  {
    kind: "image",
    declared: "application/octet-stream",
    detected: "image/png",
    mimeType: "image/png",
  },
  {
    kind: "image",
    declared: "application/force-download",
    detected: "image/png",
    mimeType: "image/png",
  },
  { kind: "video", declared: "video/mp4", detected: "video/mp4", mimeType: "video/mp4" },
  {
    kind: "video",
    declared: "video/mp4",
    detected: "video/quicktime",
    mimeType: "video/quicktime",
  },
  { kind: "audio", declared: "audio/mp4", detected: "video/mp4", mimeType: "audio/mp4" },
  { kind: "audio", detected: "audio/x-m4a", mimeType: "audio/mp4" },
  {
    kind: "audio",
    declared: "audio/ogg",
    detected: "audio/ogg; codecs=opus",
    mimeType: "audio/ogg; codecs=opus",
  },
  { kind: "sticker", detected: "image/webp", mimeType: "image/webp" },
  { kind: "document", declared: "text/csv; charset=utf-8", mimeType: "text/csv" },
  {
    kind: "document",
    declared: "application/pdf",
    detected: "application/pdf",
    mimeType: "application/pdf",
  },
  { kind: "document", detected: "application/zip", mimeType: "application/zip" },
  {
    kind: "document",
    declared: "image/svg+xml",
    detected: "application/xml",
    mimeType: "image/svg+xml",
  },
  { kind: "document", declared: "image/x-raw", detected: "image/jpeg", mimeType: "image/x-raw" },
  { kind: "document", mimeType: "application/octet-stream" },
  { detected: "image/png", mimeType: "image/png" },
] as const)("bytes that agree are taken: %j", ({ mimeType, ...bytes }) => {
  expect(checkType(bytes)).toEqual({ kind: "type", mimeType });
});

test.each([
  [{ kind: "image" }, "the bytes are of no known type, which is no image"],
  [
    { kind: "image", detected: "application/pdf" },
    "the bytes are application/pdf, which is no image",
  ],
  [
    { kind: "image", declared: "image/png", detected: "image/jpeg" },
    "the bytes are image/jpeg, but are declared as image/png",
  ],
  [
    { kind: "image", declared: "text/html", detected: "image/jpeg" },
    "the bytes are image/jpeg, but are declared as text/html",
  ],
  [{ kind: "sticker", detected: "image/png" }, "the bytes are image/png, which is no sticker"],
  [{ kind: "video", detected: "audio/x-m4a" }, "the bytes are audio/mp4, which is no video"],
  [{ kind: "audio", detected: "image/jpeg" }, "the bytes are image/jpeg, which is no audio"],
  [
    { kind: "document", declared: "application/pdf" },
    "the bytes are of no known type, but are declared as application/pdf",
  ],
  [
    { kind: "document", declared: "application/pdf", detected: "image/png" },
    "the bytes are image/png, but are declared as application/pdf",
  ],
  [
    { kind: "document", declared: "text/plain", detected: "image/png" },
    "the bytes are image/png, but are declared as text/plain",
  ],
] as const)("bytes that are something else are refused: %j", (bytes, reason) => {
  expect(checkType(bytes)).toEqual({ kind: "refused", reason });
});
