import { Curve, makeNoiseHandler, proto } from "@whiskeysockets/baileys";
import { verifySignature } from "libsignal/src/curve.js";
import { expect, test } from "vitest";
import { makeTrust } from "./certificate.ts";
import { waHeader } from "./frame.ts";
import { answerNoise } from "./noise.ts";

const silent = {
  level: "silent",
  child: () => silent,
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
};
const trust = makeTrust(1_800_000_000);

const prefixed = (key: Uint8Array): Buffer => Buffer.concat([Buffer.from([5]), key]);

test("Baileys' handshake agrees with ours, and both directions carry", async () => {
  const ephemeral = Curve.generateKeyPair();
  const noiseKey = Curve.generateKeyPair();
  const client = makeNoiseHandler({ keyPair: ephemeral, NOISE_HEADER: waHeader, logger: silent });
  const server = answerNoise(trust);
  const hello = proto.HandshakeMessage.encode({
    clientHello: { ephemeral: ephemeral.public },
  }).finish();
  const serverHello = proto.HandshakeMessage.decode(server.hello(hello));
  const encrypted = client.processHandshake(serverHello, noiseKey);
  const payload = client.encrypt(Buffer.from("payload"));
  const finish = proto.HandshakeMessage.encode({
    clientFinish: { static: encrypted, payload },
  }).finish();
  const finished = server.finish(finish);
  await client.finishInit();
  expect(finished.payload.toString()).toBe("payload");
  expect(finished.clientStatic.equals(Buffer.from(noiseKey.public))).toBe(true);
  for (const text of ["one", "two"]) {
    expect(finished.transport.decrypt(client.encrypt(Buffer.from(text))).toString()).toBe(text);
    expect(client.decrypt(finished.transport.encrypt(Buffer.from(text))).toString()).toBe(text);
  }
});

test("a changed clientFinish, a short key and a missing message are refused", () => {
  const hello = proto.HandshakeMessage.encode({
    clientHello: { ephemeral: Curve.generateKeyPair().public },
  }).finish();
  const server = answerNoise(trust);
  server.hello(hello);
  const finish = proto.HandshakeMessage.encode({
    clientFinish: { static: Buffer.alloc(48), payload: Buffer.alloc(40) },
  }).finish();
  expect(() => server.finish(finish)).toThrow();
  expect(() =>
    answerNoise(trust).hello(
      proto.HandshakeMessage.encode({ clientHello: { ephemeral: Buffer.alloc(3) } }).finish(),
    ),
  ).toThrow();
  expect(() => answerNoise(trust).hello(Buffer.alloc(0))).toThrow();
});

test("the certificate chain is right in every field", () => {
  const { Details } = proto.CertChain.NoiseCertificate;
  const { leaf, intermediate } = proto.CertChain.decode(trust.chain);
  const [top, bottom] = [
    Details.decode(intermediate?.details ?? Buffer.alloc(0)),
    Details.decode(leaf?.details ?? Buffer.alloc(0)),
  ];
  const signed = (key: Uint8Array, certificate: typeof leaf): boolean =>
    verifySignature(
      prefixed(key),
      certificate?.details ?? Buffer.alloc(0),
      certificate?.signature ?? Buffer.alloc(0),
    );
  expect(signed(trust.root.public, intermediate)).toBe(true);
  expect(signed(top.key ?? Buffer.alloc(0), leaf)).toBe(true);
  expect(signed(trust.root.public, leaf)).toBe(false);
  expect([top.serial, top.issuerSerial, bottom.serial, bottom.issuerSerial]).toEqual([1, 0, 2, 1]);
  expect(Buffer.from(bottom.key ?? []).equals(Buffer.from(trust.static.public))).toBe(true);
  expect(Number(bottom.notBefore)).toBeLessThan(1_800_000_000);
  expect(Number(bottom.notAfter)).toBeGreaterThan(1_800_000_000);
});
