import { aesDecryptCTR, Curve, derivePairingCodeKey } from "@whiskeysockets/baileys";
import { createCipheriv, hkdfSync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { countersign, rawKey, signDevice } from "./device-identity.ts";
import { makeStoredKeys, openKeyRing } from "./key-ring.ts";
import { cleanCode, openBundle, unwrapEphemeral, wrapEphemeral } from "./pairing-code.ts";
import { parseQr } from "./pairing-qr.ts";

const phone = openKeyRing(makeStoredKeys())("15550000001");

test("a QR text is read with or without its link; anything else is not", () => {
  const keys = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString("base64"));
  const plain = `2@ref,${keys.join(",")},1`;
  for (const text of [plain, `https://wa.me/settings/linked_devices#${plain}`, ` ${plain}\n`]) {
    expect(parseQr(text)).toMatchObject({ ref: "2@ref", advSecret: Buffer.alloc(32, 3) });
  }
  for (const text of ["", "2@ref", "2@ref,AA,AA,AA,1", `,${keys.join(",")},1`])
    expect(parseQr(text)).toBeUndefined();
});

test("Baileys unwraps our ephemeral with the same code, and we unwrap it, but not with another", async () => {
  const ephemeral = Curve.generateKeyPair();
  const wrapped = await wrapEphemeral(ephemeral.public, "ABCD1234");
  const key = await derivePairingCodeKey("ABCD1234", wrapped.subarray(0, 32));
  expect(
    aesDecryptCTR(wrapped.subarray(48), key, wrapped.subarray(32, 48)).equals(
      Buffer.from(ephemeral.public),
    ),
  ).toBe(true);
  expect((await unwrapEphemeral(wrapped, "ABCD1234")).equals(Buffer.from(ephemeral.public))).toBe(
    true,
  );
  expect((await unwrapEphemeral(wrapped, "ABCD1235")).equals(Buffer.from(ephemeral.public))).toBe(
    false,
  );
  expect(cleanCode("abcd-12 34")).toBe("ABCD1234");
});

test("both sides of the code exchange reach the same secret; a wrong code reaches none", () => {
  const [companion, companionEphemeral, phoneEphemeral] = [1, 2, 3].map(() =>
    Curve.generateKeyPair(),
  );
  if (!companion || !companionEphemeral || !phoneEphemeral) throw new Error("no keys");
  const shared = Curve.sharedKey(companionEphemeral.private, phoneEphemeral.public);
  const [random, salt, iv] = [randomBytes(32), randomBytes(32), randomBytes(12)];
  const key = Buffer.from(
    hkdfSync("sha256", shared, salt, "link_code_pairing_key_bundle_encryption_key", 32),
  );
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const plain = Buffer.concat([companion.public, rawKey(phone.identity.pubKey), random]);
  const bundle = Buffer.concat([
    salt,
    iv,
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const identityShared = Curve.sharedKey(companion.private, rawKey(phone.identity.pubKey));
  const theirs = Buffer.from(
    hkdfSync("sha256", Buffer.concat([shared, identityShared, random]), "", "adv_secret", 32),
  );
  const open = (ephemeral: Uint8Array): Buffer | undefined =>
    openBundle({
      bundle,
      exchange: {
        ephemeralPrivate: phoneEphemeral.private,
        companionEphemeral: Buffer.from(ephemeral),
        done: () => {},
        fail: () => {},
      },
      identity: phone.identity,
      companionIdentity: Buffer.from(companion.public),
    });
  expect(open(companionEphemeral.public)?.equals(theirs)).toBe(true);
  expect(open(randomBytes(32))).toBeUndefined();
});

test("only the companion's own signature completes a device identity", () => {
  const companion = Curve.generateKeyPair();
  const signed = signDevice(phone, {
    rawId: 1,
    keyIndex: 1,
    timestamp: 1,
    companionIdentity: companion.public,
  });
  expect(countersign(signed, signed, companion.public)).toBeUndefined();
});
