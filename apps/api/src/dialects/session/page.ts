/** Which rows a page shows: from `start`, up to and without `end`. */
export interface Window {
  readonly page: number;
  readonly start: number;
  readonly end: number;
}

const PER_PAGE = 15;

/** @param page from 1 */
export function windowOf(page: number): Window {
  return { page, start: (page - 1) * PER_PAGE, end: page * PER_PAGE };
}

/** A page of rows with the links and the numbers that the document of the dialect shows. How many pages there are nobody counts. */
export function renderPage<Row>(
  rows: readonly Row[],
  {
    window,
    path,
    query,
  }: {
    readonly window: Window;
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
  },
) {
  const { page, start, end } = window;
  const data = rows.slice(start, end);
  const link = (to: number): string =>
    `${path}?${new URLSearchParams({ ...query, page: String(to) }).toString()}`;
  const shown = data.length > 0;
  return {
    data,
    links: {
      first: link(1),
      last: null,
      prev: page > 1 ? link(page - 1) : null,
      next: rows.length > end ? link(page + 1) : null,
    },
    meta: {
      current_page: page,
      from: shown ? start + 1 : null,
      path,
      per_page: PER_PAGE,
      to: shown ? start + data.length : null,
    },
  };
}
