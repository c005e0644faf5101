/**
 * Lets one message of the process run alone: one that ended its worker before must not take others with it.
 *
 * Every job passes through `enter`; `goAlone` closes the door, waits until the other jobs in hand have ended, and its result opens
 * the door again. One at a time: a second one waits for the first.
 */
export interface Solo {
  /** A job of this device is in hand, until the returned function is called. */
  enter(deviceId: string): () => void;
  /** Somebody else runs alone: take no job. */
  closed(deviceId: string): boolean;
  goAlone(deviceId: string): Promise<() => void>;
}

export function createSolo(): Solo {
  const inside = new Set<string>();
  let waiters: (() => void)[] = [];
  const waiting = new Set<string>();
  let alone: string | undefined;
  const changed = (): void => {
    const told = waiters;
    waiters = [];
    for (const tell of told) tell();
  };
  const change = (): Promise<void> => new Promise((resolve) => waiters.push(resolve));
  return {
    enter(deviceId) {
      inside.add(deviceId);
      return () => {
        inside.delete(deviceId);
        changed();
      };
    },
    closed: (deviceId) => alone !== undefined && alone !== deviceId,
    async goAlone(deviceId) {
      waiting.add(deviceId);
      changed();
      // oxlint-disable-next-line no-await-in-loop -- woken at every change
      while (alone !== undefined) await change();
      waiting.delete(deviceId);
      alone = deviceId;
      // Another one that waits here with its job in hand must not be waited for: it can't end before we do.
      // oxlint-disable-next-line no-await-in-loop
      while ([...inside].some((other) => other !== deviceId && !waiting.has(other))) await change();
      return () => {
        alone = undefined;
        changed();
      };
    },
  };
}
