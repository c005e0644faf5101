import { Curve, proto } from "@whiskeysockets/baileys";
import type { KeyPair } from "./noise.ts";

/** What the simulator is trusted by: clients are given `root.public` in place of the real server's key. */
export interface Trust {
  readonly root: KeyPair;
  readonly static: KeyPair;
  readonly chain: Uint8Array;
}

const day = 86_400;
const intermediateSerial = 1;
const leafSerial = 2;

/**
 * root --signs--> intermediate (issuerSerial 0) --signs--> leaf (its key is the server's Noise static).
 * Baileys checks little of this; stricter clients check every field, so all are right.
 */
export function makeTrust(nowSeconds: number): Trust {
  const root = Curve.generateKeyPair();
  const intermediate = Curve.generateKeyPair();
  const serverStatic = Curve.generateKeyPair();
  const window = { notBefore: nowSeconds - day, notAfter: nowSeconds + 3_650 * day };
  const chain = proto.CertChain.encode({
    intermediate: certify(root, {
      serial: intermediateSerial,
      issuerSerial: 0,
      key: intermediate.public,
      ...window,
    }),
    leaf: certify(intermediate, {
      serial: leafSerial,
      issuerSerial: intermediateSerial,
      key: serverStatic.public,
      ...window,
    }),
  }).finish();
  return { root, static: serverStatic, chain };
}

function certify(
  issuer: KeyPair,
  fields: proto.CertChain.NoiseCertificate.IDetails,
): proto.CertChain.INoiseCertificate {
  const details = proto.CertChain.NoiseCertificate.Details.encode(fields).finish();
  return { details, signature: Curve.sign(issuer.private, details) };
}
