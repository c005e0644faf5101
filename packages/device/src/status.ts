import type { DeviceState } from "@pombo/domain";
import type { DeviceDeps, Entering } from "./device-deps.ts";

/** The state of a device, and what was told of it. */
export interface Status {
  readonly state: () => DeviceState;
  readonly everConnected: () => boolean;
  readonly enter: (change: Entering) => void;
  /** Something other than the state has moved. */
  readonly touch: () => void;
  /** Calls back once, at the next move; returns how to take that back. */
  readonly atNextMove: (callback: () => void) => () => void;
}

/** The one place that changes the state. A change that says nothing new is not told. */
export function openStatus(deps: DeviceDeps, onEnter: (state: DeviceState) => void): Status {
  let state: DeviceState = "created";
  let told = "";
  let connected = false;
  const waiting = new Set<() => void>();
  const touch = (): void => {
    const callbacks = [...waiting];
    waiting.clear();
    for (const callback of callbacks) callback();
  };
  return {
    state: () => state,
    everConnected: () => connected,
    touch,
    enter: (change) => {
      const saying = JSON.stringify([change.state, change.cause, change.until]);
      if (saying === told || (change.state === state && change.cause === undefined)) return;
      told = saying;
      state = change.state;
      connected ||= state === "connected";
      onEnter(state);
      deps.onState({ ...change, at: Date.now() });
      touch();
    },
    atNextMove: (callback) => {
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
  };
}
