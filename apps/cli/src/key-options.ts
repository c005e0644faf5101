import { parseArgs } from "node:util";
import { type Scope, SCOPES } from "@pombo/ledger";

export interface KeyOptions {
  readonly data: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly devices: "*" | readonly string[];
}

export type ParsedKeyOptions =
  | { readonly kind: "options"; readonly options: KeyOptions }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "refused"; readonly says: string };

const KEYS_HELP = `npm run pombo -- keys create --local [options]        an API key, when the admin key is lost

  --local           straight into the Redis of the data folder, whether Pombo runs or not
  --data DIR        the data folder (data)
  --name TEXT       what it is for ("local")
  --scopes LIST     some of: ${SCOPES.join(", ")} (all)
  --devices LIST    device ids, or * (*)
  --help            this text

The key is printed once, alone on its line, and kept nowhere. POMBO_REDIS_URL names a Redis of yours. Lost keys are revoked by
DELETE /v1/api-keys/:id.`;

const OPTIONS = {
  local: { type: "boolean", default: false },
  data: { type: "string", default: "data" },
  name: { type: "string", default: "local" },
  scopes: { type: "string", default: SCOPES.join(",") },
  devices: { type: "string", default: "*" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Reads the words after `pombo keys`. */
export function parseKeyOptions(args: readonly string[]): ParsedKeyOptions {
  const [verb, ...rest] = args;
  if (verb === undefined || verb === "--help" || verb === "-h")
    return { kind: "help", text: KEYS_HELP };
  if (verb !== "create") return refused(`There is no command "keys ${verb}"`);
  try {
    const { values } = parseArgs({ args: rest, options: OPTIONS, allowPositionals: false });
    if (values.help) return { kind: "help", text: KEYS_HELP };
    if (!values.local)
      return refused("--local is needed: other keys are made by POST /v1/api-keys");
    return read(values);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return refused(text.split(/\.\s/)[0] ?? text);
  }
}

function read(values: {
  readonly data: string;
  readonly name: string;
  readonly scopes: string;
  readonly devices: string;
}): ParsedKeyOptions {
  const { data, name } = values;
  const asked = values.scopes.split(",").map((text) => text.trim());
  const scopes = SCOPES.filter((scope) => asked.includes(scope));
  const unknown = asked.find((text) => !SCOPES.some((scope) => scope === text));
  const devices =
    values.devices === "*" ? "*" : values.devices.split(",").map((text) => text.trim());
  if (unknown !== undefined) return refused(`--scopes does not know "${unknown}"`);
  if (name.trim() === "" || name.length > 100) return refused("--name takes 1 to 100 characters");
  if (devices !== "*" && devices.some((id) => !/^dev_[0-9a-z]{8,32}$/.test(id)))
    return refused("--devices takes device ids, or *");
  return { kind: "options", options: { data, name, scopes, devices } };
}

function refused(says: string): ParsedKeyOptions {
  return { kind: "refused", says: `${says}. See npm run pombo -- keys --help` };
}
