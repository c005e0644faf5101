import { expect, test } from "vitest";
import { readMediaPlace } from "./index.ts";

const BUCKET = {
  POMBO_MEDIA_S3_ENDPOINT: "https://s3.example.com",
  POMBO_MEDIA_S3_BUCKET: "pombo",
  POMBO_MEDIA_S3_ACCESS_KEY: "id",
  POMBO_MEDIA_S3_SECRET_KEY: "secret",
};

test("without anything said, media is kept in a folder", () => {
  expect(readMediaPlace({})).toEqual({
    kind: "place",
    place: { kind: "folder", folder: "data/media" },
  });
  expect(readMediaPlace({ POMBO_MEDIA_FOLDER: "/m" })).toMatchObject({ place: { folder: "/m" } });
});

test("with an endpoint it is kept in a bucket, and the folder is only for bytes on their way", () => {
  expect(readMediaPlace({ ...BUCKET, POMBO_MEDIA_FOLDER: "/m" })).toEqual({
    kind: "place",
    place: {
      kind: "bucket",
      spool: "/m",
      bucket: {
        endpoint: "https://s3.example.com",
        bucket: "pombo",
        region: "us-east-1",
        accessKeyId: "id",
        secretAccessKey: "secret",
      },
    },
  });
  const more = { POMBO_MEDIA_S3_REGION: "sa-east-1", POMBO_MEDIA_S3_PREFIX: "a/" };
  expect(readMediaPlace({ ...BUCKET, ...more })).toMatchObject({
    place: { bucket: { region: "sa-east-1", prefix: "a/" } },
  });
});

test.each([
  [{ POMBO_MEDIA_S3_ENDPOINT: "nowhere" }, "POMBO_MEDIA_S3_ENDPOINT must be a URL"],
  [
    { ...BUCKET, POMBO_MEDIA_S3_SECRET_KEY: "" },
    "POMBO_MEDIA_S3_SECRET_KEY must be given with POMBO_MEDIA_S3_ENDPOINT",
  ],
])("what is wrong is told by its name: %j", (env, reason) => {
  expect(readMediaPlace(env)).toEqual({ kind: "refused", reason });
});
