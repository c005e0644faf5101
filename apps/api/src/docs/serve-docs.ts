import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { ERROR_CODES } from "@pombo/domain";
import type { RequestHandler } from "express";
import { exchangeOf } from "../exchange.ts";
import { writeAnswer } from "../problem.ts";
import { errorPage, errorsPage, FOREIGN_NAMES, foreignNamePage } from "./error-page.ts";
import { PAGE_STYLE } from "./page.ts";

interface Page {
  readonly type: string;
  /** Of this origin only, and no more than the page needs. */
  readonly policy: string;
  readonly body: () => Promise<string | Buffer>;
}

/** Everything under `/docs`, from this process alone: the reference, and a page for every code. Paths that it doesn't have go on. */
export function serveDocs({ now }: { readonly now: () => number }): RequestHandler {
  const pages = docsPages();
  return async (req, res, next) => {
    const exchange = exchangeOf(req);
    const found = pages.get(req.path.replace(/(?<=.)\/$/, ""));
    if (found === undefined) return next();
    exchange.route = "/docs";
    if (req.method !== "GET" && req.method !== "HEAD") {
      const problem = { code: "METHOD_NOT_ALLOWED", allow: ["GET", "HEAD"] } as const;
      return writeAnswer(res, { kind: "problem", problem }, { exchange, now: now() });
    }
    const headers = { "Content-Type": found.type, "Content-Security-Policy": found.policy };
    const answer = { kind: "answer", status: 200, headers, body: await found.body() } as const;
    return writeAnswer(res, answer, { exchange, now: now() });
  };
}

const require = createRequire(import.meta.url);

const PLAIN = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
/** Swagger UI sets styles on its elements and has pictures in its style sheet. */
const REFERENCE =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** By what follows `/docs`. */
function docsPages(): ReadonlyMap<string, Page> {
  const html = (body: () => string): Page => textPage("text/html", PLAIN, body);
  const codes = ERROR_CODES.map(
    (code) => [`/errors/${code}`, html(() => errorPage(code))] as const,
  );
  const names = [...FOREIGN_NAMES].map(
    ([name, stands]) => [`/errors/${name}`, html(() => foreignNamePage(name, stands))] as const,
  );
  return new Map<string, Page>([
    ["/", textPage("text/html", REFERENCE, () => REFERENCE_PAGE)],
    ["/reference.js", textPage("text/javascript", PLAIN, () => REFERENCE_SCRIPT)],
    ["/page.css", textPage("text/css", PLAIN, () => PAGE_STYLE)],
    ["/swagger-ui.css", bundled(require.resolve("swagger-ui-dist/swagger-ui.css"), "text/css")],
    [
      "/swagger-ui-bundle.js",
      bundled(require.resolve("swagger-ui-dist/swagger-ui-bundle.js"), "text/javascript"),
    ],
    ["/errors", html(errorsPage)],
    ...codes,
    ...names,
  ]);
}

function textPage(type: string, policy: string, body: () => string): Page {
  return { type: `${type}; charset=utf-8`, policy, body: () => Promise.resolve(body()) };
}

/** A file of the package, read when it is first asked for. */
function bundled(file: string, type: string): Page {
  let bytes: Promise<Buffer> | undefined;
  return {
    type: `${type}; charset=utf-8`,
    policy: PLAIN,
    body: () => (bytes ??= readFile(file)),
  };
}

const REFERENCE_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pombo</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/reference.js"></script>
</body>
</html>
`;

/** Without its validator, which is somebody else's server. */
const REFERENCE_SCRIPT = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayOperationId: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  validatorUrl: null,
});
`;
