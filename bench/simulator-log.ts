import type { Simulator } from "./stage.ts";

interface Entry {
  readonly kind: string;
  readonly at: string;
  readonly id?: string;
}

/** When the simulator got each message, by its id: ms since the epoch. It remembers the newest 50,000 things. */
export async function receivedAt({ controlUrl }: Simulator): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${controlUrl}/admin/log`);
  const entries = (await response.json()) as readonly Entry[];
  const messages = entries.filter(({ kind }) => kind === "message");
  return new Map(messages.map(({ id = "", at }) => [id, Date.parse(at)]));
}
