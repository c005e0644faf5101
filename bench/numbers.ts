/** Who gets the messages of a round: each device writes to numbers of its own, one after the other, and then from the start. */
export interface Numbers {
  readonly first: number;
  readonly perDevice: number;
}

export function numberOf({ first, perDevice }: Numbers, device: number, message: number): string {
  return String(first + device * perDevice + (message % perDevice));
}
