import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { pombo } from "../../api/client.ts";
import { says } from "../../api/says.ts";
import { Button } from "../../ui/button.tsx";
import { Checkbox } from "../../ui/checkbox.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { counted } from "../../ui/format.ts";
import { Note } from "../../ui/note.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { StatusMark } from "../../ui/status-mark.tsx";
import { TextField } from "../../ui/text-field.tsx";
import {
  changesOf,
  found,
  type Member,
  movedUp,
  NEW_POOL,
  type Pool,
  type PoolForm,
  STRATEGIES,
  type Strategy,
  wrongPool,
} from "./pool.ts";
import styles from "./pools.module.css";

interface PoolDialogProps {
  /** The pool that is changed; a new one is made when absent. */
  readonly pool?: Pool | undefined;
  /** All devices that the key may see. */
  readonly devices: readonly Member[];
  readonly onClose: () => void;
  readonly onDone: (id: string) => void;
}

/** Makes a pool, or changes one. */
export function PoolDialog({ pool, devices, onClose, onDone }: PoolDialogProps) {
  const before: PoolForm = pool ?? NEW_POOL;
  const [form, setForm] = useState<PoolForm>(before);
  const [tried, setTried] = useState(false);
  const wrong = wrongPool(form);
  const save = useMutation({
    mutationFn: () => saved(form, pool),
    onSuccess: (id) => {
      onClose();
      onDone(id);
    },
  });
  const submit = (): void => {
    setTried(true);
    if (wrong === undefined) save.mutate();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={pool === undefined ? "New pool" : `Edit ${pool.name}`}
      testId="pools.dialog"
      actions={
        <>
          <Button onClick={onClose}>Keep as it is</Button>
          <Button variant="primary" busy={save.isPending} onClick={submit}>
            {pool === undefined ? "Make the pool" : "Save the pool"}
          </Button>
        </>
      }
    >
      <Fields
        form={form}
        devices={devices}
        onChange={(next) => setForm((was) => ({ ...was, ...next }))}
      />
      <GivenBack before={before} form={form} />
      {tried && wrong !== undefined ? <Note role="needs-you">{wrong}</Note> : undefined}
      {save.error === null ? undefined : <Note role="needs-you">{says(save.error)}</Note>}
    </Dialog>
  );
}

/** @returns the id of the pool */
async function saved(form: PoolForm, pool: Pool | undefined): Promise<string> {
  if (pool === undefined) {
    const { name, strategy, devices } = form;
    const made = await pombo.createPool({ name: name.trim(), strategy, devices: [...devices] });
    return made.pool_id;
  }
  const { devices, ...rest } = changesOf(pool, form);
  await pombo.changePool({
    id: pool.pool_id,
    ...rest,
    ...(devices === undefined ? {} : { devices: [...devices] }),
  });
  return pool.pool_id;
}

interface GivenBackProps {
  readonly before: PoolForm;
  readonly form: PoolForm;
}

/** The effect on what waits, before it is saved. */
function GivenBack({ before, form }: GivenBackProps) {
  const out = before.devices.filter((id) => !form.devices.includes(id)).length;
  if (out === 0) return undefined;
  return (
    <Note role="waiting">
      {counted(out, "device")} {out === 1 ? "leaves" : "leave"} the pool: what waits there for the
      pool goes to the others within seconds. What may have left stays.
    </Note>
  );
}

interface FieldsProps {
  readonly form: PoolForm;
  readonly devices: readonly Member[];
  readonly onChange: (change: Partial<PoolForm>) => void;
}

function Fields({ form, devices, onChange }: FieldsProps) {
  return (
    <div className={styles.form}>
      <TextField
        label="Name"
        value={form.name}
        onChange={(name) => onChange({ name })}
        autoComplete="off"
        data-testid="pools.name"
      />
      <SelectField
        label="Who gets somebody that no device talks to"
        value={form.strategy}
        onChange={(strategy) => onChange({ strategy: strategy as Strategy })}
        options={STRATEGIES}
        hint="Whoever was written to before stays with that device."
        testId="pools.strategy"
      />
      <Choice {...{ form, devices, onChange }} />
      {form.strategy === "in_order" && form.devices.length > 1 ? (
        <Order {...{ form, devices, onChange }} />
      ) : undefined}
    </div>
  );
}

/** From so many devices on they are looked for by name. */
const MANY = 10;
/** Shown at once: more are found by name. */
const MOST = 100;

function Choice({ form, devices, onChange }: FieldsProps) {
  const [text, setText] = useState("");
  const shown = found(devices, text);
  return (
    <fieldset className={styles.group}>
      <legend>Its devices</legend>
      {devices.length > MANY ? (
        <TextField
          label="Name or id"
          value={text}
          onChange={setText}
          autoComplete="off"
          hint={`${counted(form.devices.length, "device")} chosen; ${counted(shown.length, "device")} ${shown.length > MOST ? `found, ${MOST} shown` : "found"}.`}
        />
      ) : undefined}
      {devices.length === 0 ? "There is no device yet: add one first." : undefined}
      <div className={styles.devices}>
        {shown.slice(0, MOST).map(({ device_id: id, name, state }) => (
          <Checkbox
            key={id}
            label={
              <span className={styles.device}>
                {name} <StatusMark status={state} />
              </span>
            }
            checked={form.devices.includes(id)}
            onChange={(on) =>
              onChange({
                devices: on ? [...form.devices, id] : form.devices.filter((one) => one !== id),
              })
            }
            testId={`pools.choose.${id}`}
          />
        ))}
      </div>
    </fieldset>
  );
}

/** The order in which `in_order` tries them. */
function Order({ form, devices, onChange }: FieldsProps) {
  const names = new Map(devices.map(({ device_id: id, name }) => [id, name]));
  return (
    <fieldset className={styles.group}>
      <legend>In this order</legend>
      <ol className={styles.order} data-testid="pools.order">
        {form.devices.map((id, place) => (
          <li key={id}>
            <span className={styles.device}>
              {names.get(id) ?? id}
              {place === 0 ? undefined : (
                <Button
                  aria-label={`Move ${names.get(id) ?? id} up`}
                  onClick={() => onChange({ devices: movedUp(form.devices, id) })}
                >
                  Up
                </Button>
              )}
            </span>
          </li>
        ))}
      </ol>
    </fieldset>
  );
}
