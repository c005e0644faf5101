import { fieldsOf, integerOf, switchOf } from "./bad-request.ts";
import type { PhoneSettings } from "./phones.ts";

const longestDelay = 600_000;

const settings: {
  readonly [Name in keyof PhoneSettings]: (value: unknown) => PhoneSettings[Name];
} = {
  on_whatsapp: (value) => switchOf(value, "on_whatsapp"),
  delivery_receipts: (value) => switchOf(value, "delivery_receipts"),
  read_receipts: (value) => switchOf(value, "read_receipts"),
  sender_receipts: (value) => switchOf(value, "sender_receipts"),
  dedupe: (value) => switchOf(value, "dedupe"),
  restricted_until: (value) => integerOf(value, "restricted_until", [0, 4_102_444_800]),
  passkey: (value) => switchOf(value, "passkey"),
  lid_addressed: (value) => switchOf(value, "lid_addressed"),
  delays: (value) => {
    const fields = fieldsOf(value, "delays", ["delivered", "read"]);
    const entries = Object.entries(fields).map(([name, ms]) => [
      name,
      integerOf(ms, `delays.${name}`, [0, longestDelay]),
    ]);
    return Object.fromEntries(entries) as PhoneSettings["delays"];
  },
};

/** Settings in a JSON body. Throws {@link BadRequest}. */
export function settingsIn(input: unknown): Partial<PhoneSettings> {
  const fields = fieldsOf(input, "settings", Object.keys(settings));
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    settings[name as keyof PhoneSettings](value),
  ]);
  return Object.fromEntries(entries) as Partial<PhoneSettings>;
}
