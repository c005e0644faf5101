import { expect, test } from "vitest";
import { holdOrder, sortRows } from "./hold-order.ts";

interface Row {
  readonly id: string;
  readonly status: string;
}

const rowId = ({ id }: Row): string => id;
const rows = (...ids: readonly string[]): readonly Row[] =>
  ids.map((id) => ({ id, status: "queued" }));
const idsOf = (list: readonly Row[]): string => list.map(rowId).join("");

test("contents change in place; who left stays, marked; who came waits, counted", () => {
  const arrived = [...rows("x", "c"), { id: "a", status: "sent" }, ...rows("y")];
  const held = holdOrder(rows("a", "b", "c"), arrived, rowId);
  expect(idsOf(held.rows)).toBe("abc");
  expect(held.rows[0]?.status).toBe("sent");
  expect([...held.gone]).toEqual(["b"]);
  expect(held.fresh).toBe(2);
});

test("rows stand still under 200 changes a second, for ten seconds, and each shows its last one", () => {
  const ids = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  const shown = rows(...ids);
  let latest: readonly Row[] = shown;
  let held = holdOrder(shown, shown, rowId);
  for (let change = 0; change < 2_000; change += 1) {
    // Each change moves a row to the front of what the server tells, as a list by last change would.
    const moved = latest[(change * 7) % latest.length] ?? { id: "a", status: "" };
    latest = [
      { id: moved.id, status: `s${change}` },
      ...latest.filter(({ id }) => id !== moved.id),
    ];
    held = holdOrder(held.rows, latest, rowId);
    expect(idsOf(held.rows)).toBe("abcdefghij");
  }
  const last = new Map(latest.map((row) => [row.id, row.status]));
  expect(held.rows.map(({ status }) => status)).toEqual(ids.map((id) => last.get(id)));
});

test("sorting is stable, and counts numbers as numbers", () => {
  const list = [
    { id: "a", n: 10 },
    { id: "b", n: 9 },
    { id: "c", n: 10 },
  ];
  const byNumber = (descending: boolean): string =>
    sortRows(list, ({ n }) => n, descending)
      .map(({ id }) => id)
      .join("");
  expect(byNumber(false)).toBe("bac");
  expect(byNumber(true)).toBe("acb");
  expect(sortRows(["lane 10", "lane 9"], (text) => text, false)).toEqual(["lane 9", "lane 10"]);
});
