/** From `INFO memory`: how much of `maxmemory` is used; 0 when Redis has no limit. */
export function usedPercent(info: string): number {
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:([0-9]+)`, "m").exec(info)?.[1] ?? 0);
  const limit = read("maxmemory");
  return limit === 0 ? 0 : (read("used_memory") / limit) * 100;
}
