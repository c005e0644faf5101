import { type Inspector, openInspector } from "./inspector.ts";
import { type MediaPlace, openMediaStore } from "./media-place.ts";
import type { MediaStore } from "./media-store.ts";

/** Where bytes come in: the store that keeps them, and who looks at them. */
export interface MediaRoom {
  readonly store: MediaStore;
  readonly inspector: Pick<Inspector, "look">;
}

export async function openMediaRoom(place: MediaPlace): Promise<MediaRoom & AsyncDisposable> {
  const store = await openMediaStore(place);
  const inspector = openInspector();
  return { store, inspector, [Symbol.asyncDispose]: () => inspector[Symbol.asyncDispose]() };
}
