import type { Input } from "@pombo/sdk";

/** What the form holds: texts, as they are typed. */
export interface UploadForm {
  readonly from: string;
  readonly name: string;
  readonly template: string;
  readonly priority: string;
  /** Local times, as `datetime-local` has them: `2030-01-31T12:00`. */
  readonly sendAt: string;
  readonly expiresAt: string;
  /** `22:00` */
  readonly quietFrom: string;
  readonly quietTo: string;
  readonly dedupe: string;
  readonly ignoreColumns: boolean;
  readonly rejectInvalid: boolean;
}

export const NEW_UPLOAD: UploadForm = {
  from: "",
  name: "",
  template: "",
  priority: "bulk",
  sendAt: "",
  expiresAt: "",
  quietFrom: "",
  quietTo: "",
  dedupe: "client_ref",
  ignoreColumns: true,
  rejectInvalid: false,
};

export type BatchQuery = Input<"createBatch">;

export type ReadSettings =
  | { readonly kind: "settings"; readonly settings: BatchQuery }
  | {
      readonly kind: "wrong";
      readonly errors: Readonly<Partial<Record<keyof UploadForm, string>>>;
    };

/** The settings that the form stands for, or what is wrong with it field by field. `now`: ms since the epoch. */
export function readSettings(form: UploadForm, now: number): ReadSettings {
  const errors = wrongsOf(form, now);
  if (Object.keys(errors).length > 0) return { kind: "wrong", errors };
  const { from, name, template, priority, dedupe } = form;
  const settings = {
    from,
    ...(name.trim() === "" ? {} : { name: name.trim() }),
    ...(template === "" ? {} : { template }),
    priority,
    dedupe,
    ...(form.sendAt === "" ? {} : { send_at: instantOf(form.sendAt) }),
    ...(form.expiresAt === "" ? {} : { expires_at: instantOf(form.expiresAt) }),
    ...(form.quietFrom === "" ? {} : { quiet_hours: `${form.quietFrom}-${form.quietTo}` }),
    extra_columns: form.ignoreColumns ? "ignore" : "refuse",
    on_invalid: form.rejectInvalid ? "reject" : "skip",
  };
  // Texts of select fields: Pombo judges them.
  return { kind: "settings", settings: settings as BatchQuery };
}

function wrongsOf(form: UploadForm, now: number): Partial<Record<keyof UploadForm, string>> {
  const { from, name, sendAt, expiresAt, quietFrom, quietTo } = form;
  const begins = sendAt === "" ? now : Date.parse(sendAt);
  return {
    ...(from === "" ? { from: "Choose what it is sent from." } : {}),
    ...(Array.from(name).length > 100 ? { name: "At most 100 characters." } : {}),
    ...(begins < now ? { sendAt: "This time is over." } : {}),
    ...(expiresAt !== "" && Date.parse(expiresAt) <= begins
      ? { expiresAt: "It would end before it begins." }
      : {}),
    ...((quietFrom === "") === (quietTo === "")
      ? {}
      : { quietTo: "Quiet hours need a beginning and an end." }),
  };
}

/** A local time as an instant. */
function instantOf(local: string): string {
  return new Date(local).toISOString();
}

/** What tells one upload from another: the same file under the same settings goes on where it stopped. */
export function fingerprintOf(
  { name, size, lastModified }: Pick<File, "name" | "size" | "lastModified">,
  settings: BatchQuery,
): string {
  return JSON.stringify([name, size, lastModified, settings]);
}

const KEPT = "pombo.upload";

/** Where the key of an upload that broke off is found again, also after this tab was loaded anew. */
export interface KeyStore {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** The Idempotency-Key of this upload: a new one, or that of its first try. */
export function uploadKey(store: KeyStore, fingerprint: string, fresh: () => string): string {
  const kept = readKept(store);
  if (kept?.fingerprint === fingerprint) return kept.key;
  const key = fresh();
  store.setItem(KEPT, JSON.stringify({ fingerprint, key }));
  return key;
}

/** Whether an upload like this one broke off before. */
export function isContinued(store: KeyStore, fingerprint: string): boolean {
  return readKept(store)?.fingerprint === fingerprint;
}

/** It has ended well: the same file again is another batch. */
export function forgetUpload(store: KeyStore): void {
  store.removeItem(KEPT);
}

function readKept(store: KeyStore): { fingerprint: string; key: string } | undefined {
  const text = store.getItem(KEPT);
  return text === null ? undefined : (JSON.parse(text) as { fingerprint: string; key: string });
}
