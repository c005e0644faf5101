/** A page of the documents: a title, and what stands under it. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)} · Pombo</title>
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<nav><a href="/docs">Reference</a> <a href="/docs/errors">Errors</a> <a href="/openapi.json">OpenAPI</a></nav>
<main>
<h1>${escape(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

export const PAGE_STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 46rem; padding: 1rem; }
nav a { margin-right: 1rem; }
code { font: 0.9em ui-monospace, monospace; }
.says { font-size: 1.15rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #8884; padding: 0.25rem 1.5rem 0.25rem 0; text-align: left; }
`;
