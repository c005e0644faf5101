import type { CredentialKeys } from "@pombo/device";
import type { Keys, Redis } from "@pombo/redis";
import { type Finding, orWell, problem, unseen, well } from "./finding.ts";

const MOST_DEVICES = 200;
const REMEDY =
  "a key is id:base64 of 32 bytes, like k1:…; behind a comma may stand older ones that still have to open things";

export type ReadKeys =
  | { readonly kind: "keys"; readonly keys: CredentialKeys }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

/** The key that seals the devices' credentials, from the environment or the data folder. */
export async function readCredentialKeys(
  text: string | undefined,
  place: string,
): Promise<ReadKeys> {
  if (text === undefined || text.trim() === "")
    return findings(
      problem(
        `credentials key: ${place} is missing, and no worker starts without it`,
        `${REMEDY}. Make one: node -p '"k1:" + crypto.randomBytes(32).toString("base64")'`,
      ),
    );
  // It brings all of Baileys along: only who asks for it pays for it.
  const { parseCredentialKeys } = await import("@pombo/device");
  const parsed = parseCredentialKeys(text.trim());
  if (parsed.kind === "keys") return parsed;
  return findings(problem(`credentials key: ${place} is malformed: ${parsed.detail}`, REMEDY));
}

function findings(finding: Finding): ReadKeys {
  return { kind: "findings", findings: [finding] };
}

export interface SealedPlace {
  readonly client: Redis;
  readonly keys: Keys;
}

/** Can the key open what it should have sealed? One record of each device is tried. */
export async function examineSeals(
  credentialKeys: CredentialKeys,
  { client, keys }: SealedPlace,
): Promise<readonly Finding[]> {
  const { openSeal } = await import("@pombo/device");
  const devices = await client.zrange(keys.devices(), 0, String(MOST_DEVICES - 1));
  const reasons: string[] = [];
  let tried = 0;
  for (const device of devices) {
    // oxlint-disable-next-line no-await-in-loop -- a few, one after the other
    const record = await client.hrandfieldBuffer(keys.credentials(device), 1, "WITHVALUES");
    const [name, sealed] = (record as Buffer[] | null) ?? [];
    if (name === undefined || sealed === undefined) continue;
    tried += 1;
    const opened = openSeal(device, credentialKeys).open(name.toString(), sealed);
    if (opened.kind === "unreadable") reasons.push(opened.reason);
  }
  if (tried === 0) return [unseen("credentials key: no device has credentials yet")];
  const found = reasons.length === 0 ? [] : [unreadable(reasons, tried)];
  return orWell(found, `credentials key: it opens what ${tried} devices have sealed`);
}

function unreadable(reasons: readonly string[], tried: number): Finding {
  const says = reasons.includes("unknown_key")
    ? `the credentials of ${reasons.length} of ${tried} devices were sealed with another key`
    : `the credentials of ${reasons.length} of ${tried} devices can't be opened: another key of the same name sealed them, or they are damaged`;
  return problem(
    `credentials key: ${says}`,
    "bring the old key back, behind the new one and a comma; without it these devices must be paired again",
  );
}

/** Where nothing can be tried. */
export function soundKey(place: string): Finding {
  return well(`credentials key: ${place} has the right form`);
}
