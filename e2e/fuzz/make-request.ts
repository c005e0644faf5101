import type { Dice } from "../chaos/dice.ts";
import { ODD_HEADERS, oddText, oddValue, spoil } from "./odd.ts";
import type { Description, Operation, Schema } from "./schema.ts";

export interface FuzzRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What exists, by the name of a field: without it nearly everything would end at "there is no such …". */
export type Pool = Readonly<Record<string, readonly string[]>>;

export interface FuzzWorld {
  readonly description: Description;
  readonly dice: Dice;
  readonly pool: Pool;
  /** A key that may do everything. */
  readonly key: string;
  /** One that is bound to a device: the other dialects ask without naming it. */
  readonly bound: string;
  /** A body that is right, by `METHOD path`: where a schema can't tell that fields exclude each other. */
  readonly right: Readonly<Record<string, object>>;
}

/** How often something is odd where it could be right. */
const ODDS = { value: 0.12, body: 0.12, header: 0.15, path: 0.12, method: 0.03, extra: 0.06 };
const DEEPEST = 6;

/** A request to one of the described operations: right in most parts, odd in some. */
export function makeRequest(world: FuzzWorld): FuzzRequest {
  const { description, dice } = world;
  const operation = dice.pick(description.operations);
  if (operation === undefined) throw new Error("nothing is described");
  const odd = (chance: number): boolean => dice.throw() < chance;
  const method = odd(ODDS.method)
    ? (dice.pick(["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"]) ?? "PUT")
    : operation.method;
  const body = bodyOf(world, operation);
  const headers = {
    authorization: `Bearer ${keyFor(world, operation)}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...headersOf(world, operation),
    ...(odd(ODDS.header) ? dice.pick(ODD_HEADERS) : {}),
  };
  const path = pathOf(world, operation);
  return { operation, method, path, headers, ...(body === undefined ? {} : { body }) };
}

function keyFor({ dice, key, bound }: FuzzWorld, { path }: Operation): string {
  const own = path.startsWith("/v1/") ? key : bound;
  return dice.throw() < 0.8 ? own : (dice.pick([key, bound]) ?? key);
}

function bodyOf(world: FuzzWorld, operation: Operation): string | Buffer | undefined {
  const { dice } = world;
  const { body } = operation;
  if (body === undefined) return dice.throw() < 0.03 ? "{}" : undefined;
  const right = world.right[`${operation.method} ${operation.path}`];
  const text =
    right !== undefined && dice.throw() < 0.5
      ? JSON.stringify({ ...right, ...someFields(world, body) })
      : textOf(valueOf(world, body, { name: "", depth: 0 }));
  return dice.throw() < ODDS.body ? spoil(dice, text) : text;
}

/** None or one of a body's fields. */
function someFields(world: FuzzWorld, body: Schema): object {
  const { properties = {} } = world.description.resolve(body);
  const name = world.dice.throw() < 0.5 ? world.dice.pick(Object.keys(properties)) : undefined;
  if (name === undefined) return {};
  return { [name]: valueOf(world, properties[name] ?? {}, { name, depth: 1 }) };
}

function headersOf(world: FuzzWorld, { parameters }: Operation): Record<string, string> {
  const asked = parameters.filter((parameter) => parameter.in === "header");
  const some = asked.filter(() => world.dice.throw() < 0.3);
  const pairs = some.map(({ name, schema = {} }) => {
    const value = valueOf(world, schema, { name, depth: 0 });
    return [name, printable(textOf(value))] as const;
  });
  return Object.fromEntries(pairs);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** What Node lets pass as a header; shorter than what it takes as one. */
function printable(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "?").slice(0, 2_000);
}

function pathOf(world: FuzzWorld, operation: Operation): string {
  const { dice } = world;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    dice.throw() < ODDS.path
      ? // Without any, it is the path of the list.
        inUrl(oddText(dice)) || "-"
      : encodeURIComponent(dice.pick(poolOf(world.pool, operation.path, name)) ?? "none"),
  );
  const query = operation.parameters
    .filter((parameter) => parameter.in === "query" && (parameter.required || dice.throw() < 0.4))
    .map(({ name, schema = {} }) => {
      const value = valueOf(world, schema, { name, depth: 0 });
      return `${name}=${inUrl(textOf(value))}`;
    });
  if (dice.throw() < ODDS.extra) query.push(`${inUrl(oddText(dice))}=${inUrl(oddText(dice))}`);
  if (dice.throw() < ODDS.extra && query[0] !== undefined) query.push(query[0]);
  return query.length === 0 ? path : `${path}?${query.join("&")}`;
}

/** Some of it undecodable on purpose: what can't be encoded goes as it is. */
function inUrl(text: string): string {
  const short = text.slice(0, 4_000);
  return short.isWellFormed() ? encodeURIComponent(short) : "%ed%a0%80";
}

/** `{id}` means something else on every path. */
function poolOf(pool: Pool, path: string, name: string): readonly string[] {
  const subject = path.split("/").findLast((part) => pool[part] !== undefined);
  return (name === "id" && subject !== undefined ? pool[subject] : pool[name]) ?? [];
}

interface Place {
  readonly name: string;
  readonly depth: number;
}

function valueOf(world: FuzzWorld, given: Schema, at: Place): unknown {
  const { dice, description, pool } = world;
  const schema = description.resolve(given);
  if (at.depth > 0 && dice.throw() < ODDS.value) return oddValue(dice);
  const known = pool[at.name];
  if (known?.[0] !== undefined && dice.throw() < 0.85) return dice.pick(known);
  const choice = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choice !== undefined) return valueOf(world, dice.pick(choice) ?? {}, at);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return dice.pick(schema.enum);
  const [type] = [schema.type ?? []].flat();
  if (type === "object") return objectOf(world, schema, at);
  if (type === "array") return arrayOf(world, schema, at);
  return scalarOf(dice, schema, type);
}

function objectOf(world: FuzzWorld, schema: Schema, at: Place): unknown {
  const { dice } = world;
  if (at.depth > DEEPEST) return {};
  const required = new Set(schema.required ?? []);
  const made = Object.entries(schema.properties ?? {})
    .filter(([name]) => dice.throw() < (required.has(name) ? 0.95 : 0.25))
    .map(([name, inner]) => [name, valueOf(world, inner, { name, depth: at.depth + 1 })] as const);
  const extra = dice.throw() < ODDS.extra ? [[oddText(dice).slice(0, 200), oddValue(dice)]] : [];
  return Object.fromEntries([...made, ...extra]) as unknown;
}

function arrayOf(world: FuzzWorld, schema: Schema, at: Place): unknown {
  const { dice } = world;
  const length = (schema.minItems ?? 0) + Math.floor(dice.throw() * 4);
  return Array.from({ length }, () =>
    valueOf(world, schema.items ?? {}, { name: at.name, depth: at.depth + 1 }),
  );
}

function scalarOf(dice: Dice, schema: Schema, type: string | undefined): unknown {
  const example = schema.example ?? schema.examples?.[0];
  if (example !== undefined && dice.throw() < 0.7) return example;
  if (type === "integer" || type === "number") {
    const [least, most] = [schema.minimum ?? 0, Math.min(schema.maximum ?? 100, 1e9)];
    return Math.floor(least + dice.throw() * (most - least + 1));
  }
  if (type === "boolean") return dice.throw() < 0.5;
  if (type === "null") return null;
  if (schema.format === "date-time") return new Date(Date.now() + dice.throw() * 1e9).toISOString();
  return dice.pick(["1", "hello", "5511999999999", "wait", oddText(dice)]);
}
