import { makeTrust, type Trust } from "./certificate.ts";
import type { Journal } from "./journal.ts";
import { makeStoredKeys, type StoredPhoneKeys } from "./key-ring.ts";
import type { KeyPair } from "./noise.ts";
import { nowSeconds } from "./realm.ts";
import { makeTlsCertificate, type TlsCertificate } from "./tls-certificate.ts";

export interface Secrets {
  readonly trust: Trust;
  readonly phoneKeys: readonly StoredPhoneKeys[];
  readonly tls: TlsCertificate;
}

interface StoredTrust {
  readonly root: readonly [privateKey: string, publicKey: string];
  readonly static: readonly [privateKey: string, publicKey: string];
  readonly chain: string;
}

/** Keys and certificates, made at the first start. */
export async function openSecrets(journal: Journal, host: string): Promise<Secrets> {
  const stored = new Map(journal.entries<unknown>("secret/"));
  const trust =
    (stored.get("trust") as StoredTrust | undefined) ?? storeTrust(makeTrust(nowSeconds()));
  const phoneKeys = (stored.get("phones") as StoredPhoneKeys[] | undefined) ?? makeStoredKeys();
  const tls =
    (stored.get(`tls/${host}`) as TlsCertificate | undefined) ??
    (await makeTlsCertificate(new Date(), host));
  journal.write([
    ["secret/trust", trust],
    ["secret/phones", phoneKeys],
    [`secret/tls/${host}`, tls],
  ]);
  return { trust: restoreTrust(trust), phoneKeys, tls };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function storeTrust({ root, static: serverStatic, chain }: Trust): StoredTrust {
  return {
    root: [base64(root.private), base64(root.public)],
    static: [base64(serverStatic.private), base64(serverStatic.public)],
    chain: base64(chain),
  };
}

function restoreTrust({ root, static: serverStatic, chain }: StoredTrust): Trust {
  return { root: pair(root), static: pair(serverStatic), chain: Buffer.from(chain, "base64") };
}

function pair([privateKey, publicKey]: readonly [string, string]): KeyPair {
  return { private: Buffer.from(privateKey, "base64"), public: Buffer.from(publicKey, "base64") };
}
