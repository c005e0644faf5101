/** In place of the console where nobody has built it. */
export const NOT_BUILT = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pombo</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>The console is not built</h1>
<p>Build it with <code>node apps/console/build.mjs</code>, then load this page again. The API works without it.</p>
</main>
</body>
</html>
`;
