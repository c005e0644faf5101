import crypto, {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
} from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { wrapSecretKeys } from "./secret-keys.ts";

const before = { createHmac, createCipheriv };
wrapSecretKeys();

test("every importer gets the wrapped calls", () => {
  expect(createHmac).not.toBe(before.createHmac);
  expect(crypto.createCipheriv).toBe(createCipheriv);
});

test("an HMAC is the same for any key: bytes, KeyObject or text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array(), (key, data) => {
      const plain = before.createHmac("sha256", key).update(data).digest();
      expect(createHmac("sha256", key).update(data).digest()).toEqual(plain);
      expect(createHmac("sha256", createSecretKey(key)).update(data).digest()).toEqual(plain);
    }),
  );
  const text = before.createHmac("sha256", "text").update("x").digest("hex");
  expect(createHmac("sha256", "text").update("x").digest("hex")).toBe(text);
});

test.each(["aes-256-ctr", "aes-256-cbc"])("%s is the same, there and back", (name) => {
  const [key, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = createCipheriv(name, key, iv);
  const plain = before.createCipheriv(name, key, iv);
  const body = Buffer.concat([cipher.update("a text"), cipher.final()]);
  expect(body).toEqual(Buffer.concat([plain.update("a text"), plain.final()]));
  const decipher = createDecipheriv(name, key, iv);
  expect(Buffer.concat([decipher.update(body), decipher.final()]).toString()).toBe("a text");
});

test("so is GCM, its options and its tag", () => {
  const [key, iv, options] = [randomBytes(32), randomBytes(12), { authTagLength: 12 }];
  const cipher = createCipheriv("aes-256-gcm", key, iv, options);
  const plain = before.createCipheriv("aes-256-gcm", key, iv, options);
  expect(cipher.update("a text")).toEqual(plain.update("a text"));
  cipher.final();
  plain.final();
  expect(cipher.getAuthTag()).toEqual(plain.getAuthTag());
});
