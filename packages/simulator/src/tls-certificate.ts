import { generate } from "selfsigned";

/** A self-signed certificate for the names a local server is called by; its certificate is its own CA. */
export interface TlsCertificate {
  readonly key: string;
  readonly cert: string;
}

const tenYears = 3_650 * 86_400_000;

export async function makeTlsCertificate(now: Date, host: string): Promise<TlsCertificate> {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now.getTime() - 86_400_000),
    notAfterDate: new Date(now.getTime() + tenYears),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: altNames(host) },
    ],
  });
  return { key: made.private, cert: made.cert };
}

function altNames(host: string) {
  const names = [
    { type: 2 as const, value: "localhost" },
    { type: 7 as const, ip: "127.0.0.1" },
    { type: 7 as const, ip: "::1" },
  ];
  if (["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"].includes(host)) return names;
  const isAddress = /^[\d.]+$|:/.test(host);
  return [...names, isAddress ? { type: 7 as const, ip: host } : { type: 2 as const, value: host }];
}
