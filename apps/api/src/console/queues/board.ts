import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createBullBoard } from "@bull-board/api";
import type { AppControllerRoute, IServerAdapter, UIConfig } from "@bull-board/api/dist/types.js";

/** What we use of bull-board: its routes that read, and its page. */
export interface Board {
  readonly routes: readonly AppControllerRoute[];
  readonly uiConfig: UIConfig;
  /** Its page, from our own template: theirs asks Google for fonts. */
  readonly page: string;
  readonly staticFolder: string;
}

const require = createRequire(import.meta.url);

export function openBoard(base: string): Board {
  const folder = join(dirname(require.resolve("@bull-board/ui/package.json")), "dist");
  const kept = keeper();
  createBullBoard({
    queues: [],
    serverAdapter: kept.adapter,
    options: { uiBasePath: dirname(folder), uiConfig: UI },
  });
  const { routes, uiConfig } = kept.read();
  return {
    routes: routes.filter(({ method }) => method === "get"),
    uiConfig,
    page: pageOf(readFileSync(join(folder, "index.ejs"), "utf8"), base, uiConfig),
    staticFolder: join(folder, "static"),
  };
}

/** Nothing of it leads away from here, and no poll asks Redis for its list of clients. */
const UI: UIConfig = {
  boardTitle: "Pombo queues",
  favIcon: { default: "static/images/logo.svg", alternative: "static/favicon-32x32.png" },
  miscLinks: [{ text: "Console", url: "/console/" }],
  hideDocsLink: true,
  sortQueues: false,
  showMetrics: false,
  showWorkers: false,
};

/** Keeps what bull-board hands to the server that it thinks it has. */
function keeper() {
  const kept: { routes: AppControllerRoute[]; uiConfig: UIConfig } = { routes: [], uiConfig: {} };
  const keep = (change: Partial<typeof kept>): IServerAdapter => {
    Object.assign(kept, change);
    return adapter;
  };
  const adapter: IServerAdapter = {
    setQueues: () => adapter,
    setViewsPath: () => adapter,
    setStaticPath: () => adapter,
    setEntryRoute: () => adapter,
    setErrorHandler: () => adapter,
    setApiRoutes: (routes) => keep({ routes }),
    setUIConfig: (uiConfig) => keep({ uiConfig }),
  };
  return { adapter, read: () => kept };
}

/** The scripts and style sheets of its template, and nothing else of it. */
function pageOf(template: string, base: string, uiConfig: UIConfig): string {
  const styles = [...template.matchAll(/<link href="(static\/css\/[\w.-]+)"/g)].map(([, at]) => at);
  const scripts = [...template.matchAll(/<script defer src="(static\/js\/[\w.-]+)"/g)].map(
    ([, at]) => at,
  );
  const config = JSON.stringify(uiConfig).replaceAll("<", String.raw`\u003c`);
  return `<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<base href="${base}/">
<title>Pombo queues</title>
<link rel="icon" type="image/svg+xml" href="static/images/logo.svg">
${styles.map((at) => `<link rel="stylesheet" href="${at}">`).join("\n")}
</head>
<body>
<script id="__UI_CONFIG__" type="application/json">${config}</script>
<div id="root"></div>
${scripts.map((at) => `<script defer src="${at}"></script>`).join("\n")}
</body>
</html>
`;
}
