import { PomboError, readServerSentEvents } from "@pombo/sdk";
import { useEffect, useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";

export interface Qr {
  readonly text: string;
  /** When it is replaced, by the server's clock. */
  readonly expiresAt: string;
}

/** `over`: there will be no further code. */
export type QrState =
  | { readonly kind: "asking" }
  | { readonly kind: "shown"; readonly qr: Qr }
  | { readonly kind: "linked" }
  | { readonly kind: "over"; readonly because: string };

const AGAIN_MS = 1_000;

/** Each code of a pairing, as it comes; `run` begins anew when it changes. Undefined: no pairing has begun. */
export function useQr(id: string, run: number | undefined): QrState {
  const [state, setState] = useState<QrState>({ kind: "asking" });
  useEffect(() => {
    if (run === undefined) return undefined;
    const stop = new AbortController();
    setState({ kind: "asking" });
    void follow(id, setState, stop.signal);
    return () => stop.abort();
  }, [id, run]);
  return state;
}

async function follow(
  id: string,
  tell: (state: QrState) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one connection after the other
      if (await readOnce(id, tell, signal)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof PomboError && error.class !== "transient") return tell(refusalOf(error));
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Somebody else may have paired it meanwhile. */
function refusalOf(error: PomboError): QrState {
  return error.code === "CONFLICT" ? { kind: "linked" } : { kind: "over", because: says(error) };
}

/** @returns whether the pairing is over */
async function readOnce(
  id: string,
  tell: (state: QrState) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await pombo.raw("getQr", { id }, { signal, accept: "text/event-stream" });
  for await (const { event, data } of readServerSentEvents(response.body ?? new ReadableStream())) {
    if (signal.aborted || data === undefined) continue;
    const said = JSON.parse(data) as { qr?: string; expires_at?: string; error?: string };
    if (event === "qr")
      tell({ kind: "shown", qr: { text: said.qr ?? "", expiresAt: said.expires_at ?? "" } });
    if (event === "paired") {
      tell({ kind: "linked" });
      return true;
    }
    if (event === "ended") {
      tell({ kind: "over", because: said.error ?? "The codes are used up." });
      return true;
    }
  }
  return false;
}
