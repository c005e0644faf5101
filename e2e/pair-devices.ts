import { eventually } from "./eventually.ts";
import type { Pombo } from "./pombo.ts";

export interface PairedDevice {
  readonly id: string;
  /** its own number */
  readonly phone: string;
}

const FIRST_PHONE = 5_531_900_000_000;
const AT_ONCE = 5;
const WITHIN_MS = 60_000;

/** Makes devices by the API, and lets simulated phones scan their QR codes; resolves when all are connected. */
export async function pairDevices(
  pombo: Pombo,
  count: number,
  first = FIRST_PHONE,
): Promise<readonly PairedDevice[]> {
  const devices: PairedDevice[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) =>
      pairDevice(pombo, String(first + from + index)),
    );
    // oxlint-disable-next-line no-await-in-loop -- a few at a time
    devices.push(...(await Promise.all(group)));
  }
  return devices;
}

export async function pairDevice(pombo: Pombo, phone: string): Promise<PairedDevice> {
  const created = await pombo.api<{ device_id: string }>("POST", "/v1/devices", { name: phone });
  const id = created.body.device_id;
  await pombo.api("POST", `/v1/devices/${id}/connect`);
  await scanQr(pombo, { id, phone });
  await eventually(
    () => pombo.device(id),
    ({ state }) => state === "connected",
    WITHIN_MS,
  );
  return { id, phone };
}

/** The phone scans what the device shows, a later code when the first is over. */
export async function scanQr(pombo: Pombo, { id, phone }: PairedDevice): Promise<void> {
  await eventually(
    async () => {
      const { qr } = (await pombo.api<{ qr?: string }>("GET", `/v1/devices/${id}/qr`)).body;
      if (qr === undefined) return "no code";
      return await pombo
        .control("POST", `/admin/mock-phone/scan-qr?phone=${phone}`, qr)
        .then(() => "scanned", String);
    },
    (seen) => seen === "scanned",
    WITHIN_MS,
  );
}
