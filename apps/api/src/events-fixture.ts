import type { DeviceId } from "@pombo/domain";
import { expect, onTestFinished } from "vitest";
import { listenToEvents } from "./listen-to-events.ts";
import { ADMIN, openTestApi, type TestApi } from "./open-test-api.ts";

export async function setup(settings: Parameters<typeof openTestApi>[0] = {}) {
  const api = await openTestApi({ event_look_ms: 100, ...settings });
  onTestFinished(() => api[Symbol.asyncDispose]());
  const device = await api.addDevice();
  return { api, device };
}

/** Writes events of a device; each is told by the log and live, as a state change is. */
export async function emit(api: TestApi, device: DeviceId, count = 1, type = "lane.blocked") {
  for (let index = 0; index < count; index += 1)
    // oxlint-disable-next-line no-await-in-loop -- their order matters
    await api.ledger.announce(device, type, Date.now());
}

export async function cursors(api: TestApi): Promise<readonly string[]> {
  return (await api.ledger.eventsAfter("0-0", 100_000)).map(([cursor]) => cursor);
}

export function listen(
  api: TestApi,
  query = "",
  headers: Record<string, string> = {},
  key = ADMIN,
) {
  const url = `${api.url}/v1/events${query}`;
  return listenToEvents(url, { authorization: `Bearer ${key}`, ...headers });
}

export interface Page {
  readonly events: readonly { type: string; data: { cursor: string; device_id?: string } }[];
  readonly next: string;
}

export async function read(api: TestApi, query: string, key = ADMIN): Promise<Page> {
  const { status, body, text } = await api.call("GET", `/v1/events${query}`, { key });
  expect(status, text).toBe(200);
  return body as unknown as Page;
}
