/** A client's message on its way: what the server needs to know to take or refuse it. */
export interface Mail {
  /** Digits of the account, or the JID of the group, that it goes to. */
  readonly chat: string;
  /** Devices it was encrypted for one by one. */
  readonly copies: number;
  /** Why an undisturbed server refuses it. */
  readonly nack: { readonly error?: number };
  /** Hands it to the devices. Returns what is to be done once the sender has its ack: the receipts. */
  relay(): Promise<(() => void)[]>;
}
